package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"
)

// onLoopback starts two relays without the tests' line between them.
func onLoopback(b *testing.B, compress bool) *pair {
	settings := testSettings(b)
	settings.Buffer, settings.Window, settings.Compress = 256<<20, 16<<20, compress
	settings.Streams = defaultStreams
	var lines [2]netip.AddrPort
	for side := range lines {
		lines[side] = freeAddress(b)
	}
	return newPair(b, settings, func(side int, settings *Settings) {
		settings.Line, settings.Peer = lines[side], lines[1-side]
	})
}

func cpu() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// Both relays, and what plays DRBD on both sides, run in this process: its CPU time is that of all four.
func BenchmarkThroughput(b *testing.B) {
	for _, compress := range []bool{false, true} {
		b.Run(fmt.Sprintf("zstd=%v", compress), func(b *testing.B) {
			p := onLoopback(b, compress)
			here, there := p.connect(0)
			go io.Copy(io.Discard, there)
			// Half random, half of it repeats.
			piece := make([]byte, 1<<20)
			content{seed: 1}.fill(piece, 0)
			b.SetBytes(int64(len(piece)))
			b.ResetTimer()
			before := cpu()
			for range b.N {
				if _, err := here.Write(piece); err != nil {
					b.Fatal(err)
				}
			}
			for !p.relays[0].Counters().Empty {
				time.Sleep(time.Millisecond)
			}
			b.ReportMetric((cpu()-before).Seconds()/(float64(b.N)*float64(len(piece))/1e9), "cpu-s/GB")
		})
	}
}

// A message there and back, and what the same takes without the relays.
func BenchmarkPingPong(b *testing.B) {
	for _, way := range []string{"direct", "relay", "relay zstd"} {
		for _, size := range []int{64, 4096} {
			b.Run(fmt.Sprintf("%s/%d", way, size), func(b *testing.B) {
				p := onLoopback(b, way == "relay zstd")
				here, there := p.connect(0)
				if way == "direct" {
					here, there = direct(b)
				}
				go io.Copy(there, there)
				message := make([]byte, size)
				content{seed: 1}.fill(message, 0)
				var took []time.Duration
				for range b.N {
					began := time.Now()
					if _, err := here.Write(message); err != nil {
						b.Fatal(err)
					}
					if _, err := io.ReadFull(here, message); err != nil {
						b.Fatal(err)
					}
					took = append(took, time.Since(began))
				}
				slices.Sort(took)
				b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "median-µs")
				b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "99%-µs")
			})
		}
	}
}

func direct(b *testing.B) (here, there *net.TCPConn) {
	listener, err := listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	here, err = dial(context.Background(), netip.Addr{}, netip.MustParseAddrPort(listener.Addr().String()))
	if err == nil {
		there, err = listener.AcceptTCP()
	}
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { here.Close(); there.Close() })
	return here, there
}
