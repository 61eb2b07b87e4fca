package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The test's own program is also the relay, so that a process can be tried without a build.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_AS_RELAY") != "" {
		os.Exit(command(os.Args[1:], os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}

type process struct {
	*exec.Cmd
	directory string
	journal   bytes.Buffer
	drbd      *net.TCPListener // what it connects to
	from      string           // where DRBD connects to
}

// startProcesses runs the relays of two hosts as processes of their own.
func startProcesses(t *testing.T, flags ...string) [2]*process {
	var line, from, to [2]string
	var both [2]*process
	for side := range 2 {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { listener.Close() })
		both[side] = &process{drbd: listener.(*net.TCPListener), directory: t.TempDir()}
		line[side], from[side], to[side] = freeAddress(t).String(), freeAddress(t).String(), listener.Addr().String()
	}
	for side, p := range both {
		p.from = from[side]
		p.Cmd = exec.Command(os.Args[0], append([]string{"run", "--resource", "r0", "--from-drbd", from[side], "--to-drbd", to[side],
			"--line", line[side], "--peer", line[1-side], "--runtime-directory", p.directory}, flags...)...)
		p.Env = append(os.Environ(), "RUN_AS_RELAY=1")
		p.Stderr = &p.journal
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			_ = p.Process.Kill()
			_ = p.Wait()
			if t.Failed() {
				t.Logf("relay %d:\n%s", side, tail(p.journal.String()))
			}
		})
	}
	for _, p := range both {
		eventually(t, "the relays meet", 5*time.Second, func() bool {
			counters, err := AskCounters(p.directory)
			return err == nil && counters.Peer == "ok"
		})
	}
	return both
}

func (p *process) connectTo(t *testing.T, peer *process) (here, there *net.TCPConn) {
	t.Helper()
	conn, err := net.Dial("tcp", p.from)
	if err != nil {
		t.Fatal(err)
	}
	peer.drbd.SetDeadline(time.Now().Add(5 * time.Second))
	there, err = peer.drbd.AcceptTCP()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); there.Close() })
	return conn.(*net.TCPConn), there
}

func (p *process) counters(t *testing.T) Counters {
	t.Helper()
	counters, err := AskCounters(p.directory)
	if err != nil {
		t.Fatal(err)
	}
	return counters
}

// peakMiB is the most memory that the process has had.
func (p *process) peakMiB(t *testing.T) int {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.Process.Pid), "status"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	var kib int
	if _, err := fmt.Sscan(rest, &kib); err != nil {
		t.Fatal(err)
	}
	return kib >> 10
}

func TestMemoryHasALimitOverReconnects(t *testing.T) {
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for _, compress := range []string{"none", "zstd"} {
		t.Run(compress, func(t *testing.T) {
			both := startProcesses(t, "--buffer", "32MiB", "--window", "4MiB", "--compress", compress, "--streams", "4")
			for range rounds {
				data, sink := both[0].connectTo(t, both[1])
				go content{}.send(data, 0, 256<<20, 1<<20)
				eventually(t, "the buffer is full", 20*time.Second, func() bool {
					return both[0].counters(t).BufferedBytes > 32<<20-2*blockSize
				})
				if held := both[0].counters(t).BufferedBytes; held > 32<<20 {
					t.Errorf("%d bytes are held", held)
				}
				reset(sink)
				eventually(t, "it is forgotten", 5*time.Second, func() bool { return both[0].counters(t).Connections == 0 })
			}
			for i, most := range []int{32 + 40, 40} {
				got := both[i].peakMiB(t)
				t.Logf("relay %d: %d MiB at most", i, got)
				if !raceDetector && got > most {
					t.Errorf("relay %d took %d MiB", i, got)
				}
			}
		})
	}
}

func TestSigtermDrainsAndExits(t *testing.T) {
	both := startProcesses(t, "--buffer", "16MiB", "--streams", "4")
	data, sink := both[0].connectTo(t, both[1])
	go content{}.send(data, 0, everything, 1<<16)
	eventually(t, "the buffer is full", 10*time.Second, func() bool { return both[0].counters(t).BufferedBytes > 16<<20-2*blockSize })
	if err := both[0].Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond)
	taken := both[0].counters(t).TakenBytes
	got, wrong, err := content{}.receive(sink, everything)
	if got != taken || wrong || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("taken %d, came %d, wrong %v, %v", taken, got, wrong, err)
	}
	if err := both[0].Wait(); err != nil {
		t.Errorf("%v", err)
	}
}

func TestSigtermTwiceEndsAtOnce(t *testing.T) {
	both := startProcesses(t, "--buffer", "16MiB")
	data, _ := both[0].connectTo(t, both[1])
	go content{}.send(data, 0, everything, 1<<16)
	eventually(t, "the buffer is full", 10*time.Second, func() bool { return both[0].counters(t).BufferedBytes > 16<<20-2*blockSize })
	both[0].Process.Signal(syscall.SIGTERM)
	time.Sleep(100 * time.Millisecond)
	both[0].Process.Signal(syscall.SIGTERM)
	var exit *exec.ExitError
	if err := both[0].Wait(); !errors.As(err, &exit) || exit.ExitCode() != 1 {
		t.Errorf("%v", err)
	}
	if !strings.Contains(both[0].journal.String(), "were not delivered") {
		t.Error(both[0].journal.String())
	}
}

func TestKilledAndStoppedPeer(t *testing.T) {
	both := startProcesses(t, "--dead-after", "1s")
	data, sink := both[0].connectTo(t, both[1])
	data.Write([]byte("x"))
	io.ReadFull(sink, make([]byte, 1))
	both[1].Process.Signal(syscall.SIGSTOP)
	data.SetReadDeadline(time.Now().Add(4 * time.Second))
	if _, err := data.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer's relay was stopped: %v", err)
	}
	both[1].Process.Signal(syscall.SIGCONT)
	sink.SetReadDeadline(time.Now().Add(4 * time.Second))
	if _, err := sink.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("it goes on: %v", err)
	}
	data, _ = both[0].connectTo(t, both[1])
	both[1].Process.Kill()
	data.SetReadDeadline(time.Now().Add(time.Second))
	if _, err := data.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the peer's relay was killed: %v", err)
	}
	eventually(t, "it is told", 8*time.Second, func() bool { return both[0].counters(t).Peer == "absent" })
}
