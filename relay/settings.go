package main

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Settings is what a relay is told.
type Settings struct {
	Resource string

	FromDRBD netip.AddrPort // this host's DRBD connects here: the peer's address in the resource's definition
	ToDRBD   netip.AddrPort // this host's DRBD listens here: its own address in the resource's definition
	Line     netip.AddrPort // this host's relay listens here for the peer's
	Peer     netip.AddrPort // the peer's relay listens here

	Buffer     int64 // bytes taken from this host's DRBD and not given to the peer's, at most
	Window     int64 // bytes that may be under way of one connection, at most
	Compress   bool
	Streams    int
	Congestion string // the kernel's congestion control on the line; empty for its default
	DeadAfter  time.Duration
	DrainFor   time.Duration

	RuntimeDirectory string
}

const (
	leastBuffer = 1 << 20
	mostBuffer  = 64 << 30
	leastWindow = 1 << 20
	mostWindow  = maxWindowFrames * maxPayload
	mostStreams = 64
)

var resourceName = regexp.MustCompile(`^[A-Za-z0-9_.+-]{1,64}$`)

// Check returns what is wrong with the settings, or nil.
func (s Settings) Check() error {
	var wrong []error
	say := func(format string, values ...any) { wrong = append(wrong, fmt.Errorf(format, values...)) }
	if !resourceName.MatchString(s.Resource) {
		say("--resource %q is no resource's name", s.Resource)
	}
	for _, address := range []struct {
		flag     string
		is       netip.AddrPort
		loopback bool
	}{{"from-drbd", s.FromDRBD, true}, {"to-drbd", s.ToDRBD, true}, {"line", s.Line, false}, {"peer", s.Peer, false}} {
		switch {
		case !address.is.IsValid() || address.is.Port() == 0:
			say("--%s needs an IP address and a port", address.flag)
		case address.is.Addr().IsUnspecified():
			say("--%s %s is no host's own address", address.flag, address.is)
		case address.loopback && !address.is.Addr().IsLoopback():
			say("--%s %s is not on this host's loopback: anybody could speak to DRBD", address.flag, address.is)
		}
	}
	if s.FromDRBD == s.ToDRBD {
		say("--from-drbd and --to-drbd are the same address")
	}
	if s.Buffer < leastBuffer || s.Buffer > mostBuffer {
		say("--buffer is from 1MiB to 64GiB")
	}
	if s.Window < leastWindow || s.Window > mostWindow {
		say("--window is from 1MiB to %s", formatSize(mostWindow))
	}
	if s.Streams < 1 || s.Streams > mostStreams {
		say("--streams is from 1 to %d", mostStreams)
	}
	if s.DeadAfter < time.Second || s.DeadAfter > 10*time.Minute {
		say("--dead-after is from 1s to 10m")
	}
	if s.RuntimeDirectory == "" {
		say("--runtime-directory is missing")
	}
	return errors.Join(wrong...)
}

// Agreed is what both relays must have alike, as text: they send it to each other when they meet.
func (s Settings) Agreed() string {
	compress := "none"
	if s.Compress {
		compress = "zstd"
	}
	return fmt.Sprintf("resource=%s buffer=%d window=%d compress=%s checksum=crc32c streams=%d dead-after=%s",
		s.Resource, s.Buffer, s.Window, compress, s.Streams, s.DeadAfter)
}

// Differences says in which settings two relays differ, or nothing. Theirs was read from the network.
func Differences(ours, theirs string) string {
	if ours == theirs {
		return ""
	}
	here, there := fields(ours), fields(theirs)
	var told []string
	for _, field := range strings.Fields(ours) {
		key, _, _ := strings.Cut(field, "=")
		if here[key] != there[key] {
			told = append(told, fmt.Sprintf("%s is %s here and %s there", key, here[key], orNothing(there[key])))
		}
		delete(there, key)
	}
	if len(told) == 0 {
		return "there are settings that this relay does not know"
	}
	return strings.Join(told, ", ")
}

func fields(text string) map[string]string {
	found := map[string]string{}
	for _, field := range strings.Fields(text) {
		key, value, _ := strings.Cut(field, "=")
		found[key] = printable(value)
	}
	return found
}

func orNothing(value string) string {
	if value == "" {
		return "not given"
	}
	return value
}

// printable makes text from the network fit for a log: short, and without control characters.
func printable(text string) string {
	text = text[:min(len(text), 80)]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

var units = []struct {
	name string
	is   int64
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}, {"", 1}}

// ParseSize reads a number of bytes, as in 256MiB.
func ParseSize(text string) (int64, error) {
	for _, unit := range units {
		digits, ok := strings.CutSuffix(text, unit.name)
		if !ok {
			continue
		}
		number, err := strconv.ParseUint(digits, 10, 63)
		if err != nil || number > uint64(1<<62)/uint64(unit.is) {
			break
		}
		return int64(number) * unit.is, nil
	}
	return 0, fmt.Errorf("%q is no size, such as 256MiB", text)
}

func formatSize(bytes int64) string {
	for _, unit := range units {
		if bytes >= unit.is && bytes%unit.is == 0 {
			return strconv.FormatInt(bytes/unit.is, 10) + unit.name
		}
	}
	return strconv.FormatInt(bytes, 10)
}
