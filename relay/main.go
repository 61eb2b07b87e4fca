// The relay between DRBD and a slow or distant line: a buffer and compression on both hosts of a pair.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"
)

// version is the program's. What two relays must have alike is protocolVersion.
const version = "0.1.0"

const help = `drbd-relay: a buffer and compression between DRBD and a slow line.

  drbd-relay run FLAGS…                      carries the connections of one resource
  drbd-relay status --runtime-directory DIR  what the relay there counts, as key=value lines
      --json                                 as JSON, each connection included
  drbd-relay --version | --help

One runs on each host of the pair. The resource's definition is the same on both hosts and has loopback addresses with
two ports, as in: on alpha { address 127.0.0.1:7788; } on bravo { address 127.0.0.1:7789; }. Then, on alpha:

  drbd-relay run --resource r0 --from-drbd 127.0.0.1:7789 --to-drbd 127.0.0.1:7788 \
    --line 10.0.99.1:7790 --peer 10.0.99.2:7790 --runtime-directory /run/drbd-relay

and on bravo the same with each pair of addresses exchanged. SIGTERM delivers what was taken, then ends: exit 0, or 1
when --drain-for was not enough. A second SIGTERM ends it at once.

The flags of run:
`

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

func command(arguments []string, out, errors io.Writer) int {
	name := ""
	if len(arguments) > 0 {
		name = arguments[0]
	}
	switch name {
	case "run":
		settings, err := parseFlags(arguments[1:])
		if err != nil {
			fmt.Fprintln(errors, err)
			return 2
		}
		return run(settings, errors)
	case "status":
		return status(arguments[1:], out, errors)
	case "--version", "-version", "version":
		fmt.Fprintf(out, "drbd-relay %s, protocol %d\n", version, protocolVersion)
		return 0
	case "--help", "-help", "-h", "help":
		fmt.Fprint(out, help)
		flags, _ := runFlags()
		flags.SetOutput(out)
		flags.PrintDefaults()
		return 0
	}
	fmt.Fprintln(errors, "drbd-relay run FLAGS…, or drbd-relay status --runtime-directory DIR; see drbd-relay --help")
	return 2
}

// runFlags are the flags of run, and where their values go.
func runFlags() (*flag.FlagSet, *Settings) {
	settings := &Settings{Buffer: 64 << 20, Window: 16 << 20}
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&settings.Resource, "resource", "", "the resource's `NAME`, the same on both hosts")
	address := func(name, usage string, into *netip.AddrPort) {
		flags.Func(name, usage, func(text string) error {
			value, err := netip.ParseAddrPort(text)
			*into = value
			return err
		})
	}
	address("from-drbd", "DRBD here connects to this `IP:PORT`, the peer's in the definition; an IPv6 address in brackets", &settings.FromDRBD)
	address("to-drbd", "DRBD here listens on this `IP:PORT`, its own in the definition", &settings.ToDRBD)
	address("line", "listen here for the peer's relay: `IP:PORT`", &settings.Line)
	address("peer", "the peer's relay: `IP:PORT`; nobody else's connections are taken", &settings.Peer)
	size := func(name, usage string, into *int64) {
		flags.Func(name, usage+" (default "+formatSize(*into)+")", func(text string) (err error) {
			*into, err = ParseSize(text)
			return err
		})
	}
	size("buffer", "the most that is taken from DRBD here and not yet given to the peer's, a `SIZE` as in 256MiB; all connections together; the same on both hosts", &settings.Buffer)
	size("window", "the most of one connection that is under way on the line at a time, a `SIZE`; the same on both hosts", &settings.Window)
	flags.Func("compress", "`none` or zstd; the same on both hosts (default none)", func(text string) error {
		if text != "none" && text != "zstd" {
			return errors.New("it is none or zstd")
		}
		settings.Compress = text == "zstd"
		return nil
	})
	flags.IntVar(&settings.Streams, "streams", defaultStreams, "how many TCP connections `N` carry one of DRBD's while it has a backlog; the same on both hosts")
	flags.StringVar(&settings.Congestion, "congestion", "", "the congestion control on the line, such as bbr; its `MODULE` must be loaded (default the kernel's)")
	flags.DurationVar(&settings.DeadAfter, "dead-after", 20*time.Second, "a connection is reset when nothing was heard from the peer's relay for this `TIME`; the same on both hosts")
	flags.DurationVar(&settings.DrainFor, "drain-for", time.Minute, "how much `TIME` SIGTERM leaves for delivering what was taken")
	flags.StringVar(&settings.RuntimeDirectory, "runtime-directory", os.Getenv("RUNTIME_DIRECTORY"), "the `DIRECTORY` of the socket that tells the counters (default $RUNTIME_DIRECTORY)")
	return flags, settings
}

// defaultStreams: see "Loss" in README.md.
const defaultStreams = 16

func parseFlags(arguments []string) (Settings, error) {
	flags, settings := runFlags()
	if err := flags.Parse(arguments); err != nil {
		return Settings{}, err
	}
	if flags.NArg() > 0 {
		return Settings{}, fmt.Errorf("what is %q? See drbd-relay --help", flags.Arg(0))
	}
	return *settings, settings.Check()
}

func status(arguments []string, out, complain io.Writer) int {
	flags := flag.NewFlagSet("status", flag.ContinueOnError)
	flags.SetOutput(complain)
	directory := flags.String("runtime-directory", "", "the relay's `DIRECTORY`")
	asJSON := flags.Bool("json", false, "as JSON")
	if flags.Parse(arguments) != nil || *directory == "" {
		fmt.Fprintln(complain, "drbd-relay status --runtime-directory DIR [--json]")
		return 2
	}
	counters, err := AskCounters(*directory)
	if err == nil && *asJSON {
		err = counters.JSON(out)
	} else if err == nil {
		err = counters.Lines(out)
	}
	if err != nil {
		fmt.Fprintln(complain, err)
		return 1
	}
	return 0
}

func run(settings Settings, journal io.Writer) int {
	debug.SetMemoryLimit(heapLimit)
	log := NewLog(journal)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGTERM, syscall.SIGINT)

	relay, err := NewRelay(settings, log)
	if err == nil {
		err = relay.ServeCounters(settings.RuntimeDirectory)
	}
	if err != nil {
		log.say("%v", err)
		return 1
	}
	go relay.Serve()
	log.say("drbd-relay %s, protocol %d: %s, from %s to %s", version, protocolVersion, settings.Agreed(), settings.Line, settings.Peer)
	notify("READY=1")

	<-signals
	notify("STOPPING=1")
	drained := make(chan error, 1)
	go func() { drained <- relay.Drain() }()
	select {
	case err = <-drained:
	case <-signals:
		err = errors.New("it was told twice to stop")
	}
	counters := relay.Counters()
	if err != nil {
		relay.Close(err)
		log.say("%v: %d bytes that were taken from DRBD were not delivered. DRBD sends them again when it connects", err, counters.BufferedBytes)
		return 1
	}
	relay.Close(errDrained)
	log.say("everything that was taken has been delivered: %d bytes since the start", counters.DeliveredBytes)
	return 0
}

// notify tells systemd, where it started the relay and wants to know.
func notify(state string) {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return
	}
	if conn, err := net.Dial("unixgram", path); err == nil {
		_, _ = conn.Write([]byte(state))
		_ = conn.Close()
	}
}
