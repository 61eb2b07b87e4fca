package main

import (
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func eachWay(t *testing.T, test func(t *testing.T, settings Settings)) {
	for _, compress := range []bool{false, true} {
		name := map[bool]string{false: "plain", true: "zstd"}[compress]
		t.Run(name, func(t *testing.T) {
			settings := testSettings(t)
			settings.Compress = compress
			test(t, settings)
		})
	}
}

func TestCarriesBothDirectionsToTheEnd(t *testing.T) {
	eachWay(t, func(t *testing.T, settings Settings) {
		p := newPair(t, settings)
		for side := range 2 {
			here, there := p.connect(side)
			const size = 12 << 20
			var all sync.WaitGroup
			for i, ends := range [2][2]*net.TCPConn{{here, there}, {there, here}} {
				way := content{seed: uint64(side*2 + i)}
				all.Add(2)
				go func() {
					defer all.Done()
					if err := way.send(ends[0], 0, size, 70_001); err != nil {
						t.Error(err)
					}
					ends[0].CloseWrite()
				}()
				go func() {
					defer all.Done()
					got, wrong, err := way.receive(ends[1], everything)
					if got != size || wrong || err != io.EOF {
						t.Errorf("%d of %d bytes, wrong %v, %v", got, size, wrong, err)
					}
				}()
			}
			all.Wait()
		}
		for side := range 2 {
			eventually(t, "nothing is left", 3*time.Second, func() bool {
				c := p.relays[side].Counters()
				return c.Connections == 0 && c.Empty && c.Resets == 0 && c.DroppedBytes == 0 && c.TakenBytes == c.DeliveredBytes
			})
			if r := p.relays[side]; r.buffer.Free() != r.buffer.Blocks() || r.credit.pool.Free() != r.credit.pool.Blocks() || r.credit.promised != 0 {
				t.Errorf("memory was not given back")
			}
		}
	})
}

func TestShortMessagesAreNotHeldBack(t *testing.T) {
	eachWay(t, func(t *testing.T, settings Settings) {
		p := newPair(t, settings)
		here, there := p.connect(0)
		way := content{seed: 7}
		offset := uint64(0)
		for _, size := range []int{1, 16, 511, 512, 4096, 5000, 70_000, 3, 200_000, 1} {
			if err := way.send(here, offset, offset+uint64(size), size); err != nil {
				t.Fatal(err)
			}
			got := make([]byte, size)
			there.SetReadDeadline(time.Now().Add(3 * time.Second))
			if _, err := io.ReadFull(there, got); err != nil {
				t.Fatalf("a message of %d bytes: %v", size, err)
			}
			offset += uint64(size)
		}
	})
}

func TestResetsBothEndsAtOnce(t *testing.T) {
	eachWay(t, func(t *testing.T, settings Settings) {
		p := newPair(t, settings)
		for _, who := range []string{"here", "there", "line"} {
			here, there := p.connect(0)
			if err := (content{}).send(here, 0, 1<<20, 1<<16); err != nil {
				t.Fatal(err)
			}
			content{}.receive(there, 1<<20)
			ends := []*net.TCPConn{here, there}
			switch who {
			case "here":
				reset(here)
				ends = ends[1:]
			case "there":
				reset(there)
				ends = ends[:1]
			case "line":
				// Not the connection of the greeting: some of those that carry it.
				p.lines[1].breakAll()
			}
			for _, end := range ends {
				end.SetReadDeadline(time.Now().Add(2 * time.Second))
				if _, err := end.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
					t.Errorf("%s was reset, and an end got %v", who, err)
				}
			}
		}
	})
}

func TestEndBehindABacklogIsDelivered(t *testing.T) {
	eachWay(t, func(t *testing.T, settings Settings) {
		p := newPair(t, settings)
		here, there := p.connect(0)
		p.lines[1].hold(true)
		const size = 5 << 20
		if err := (content{}).send(here, 0, size, 1<<16); err != nil {
			t.Fatal(err)
		}
		// As DRBD's disconnect does, with nothing unread: an end.
		here.Close()
		time.Sleep(200 * time.Millisecond)
		p.lines[1].hold(false)
		got, wrong, err := content{}.receive(there, everything)
		if got != size || wrong || err != io.EOF {
			t.Fatalf("%d bytes, wrong %v, %v", got, wrong, err)
		}
		// The other side still says something; DRBD here is gone, so it is reset, and nothing stays.
		there.Write([]byte("late"))
		there.Close()
		eventually(t, "nothing is left", 3*time.Second, func() bool {
			return p.relays[0].Counters().Connections+p.relays[1].Counters().Connections == 0
		})
	})
}

func TestPingsDoNotWaitForData(t *testing.T) {
	settings := testSettings(t)
	p := newPair(t, settings)
	data, sink := p.connect(0)
	_ = sink // It never reads, so the buffer fills up.
	go content{}.send(data, 0, 64<<20, 1<<16)
	eventually(t, "the buffer is full", 5*time.Second, func() bool {
		return p.relays[0].Counters().BufferedBytes >= uint64(settings.Buffer)-2*blockSize
	})
	meta, echo := p.connect(0)
	go io.Copy(echo, echo)
	for range 100 {
		meta.SetDeadline(time.Now().Add(500 * time.Millisecond))
		if _, err := meta.Write([]byte("are you there?")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(meta, make([]byte, 14)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDifferentSettingsAreToldAndNothingIsCarried(t *testing.T) {
	p := newPair(t, testSettings(t), func(side int, settings *Settings) { settings.Compress = side == 1 })
	// It may be reset before the caller has returned from connecting.
	if conn, err := net.Dial("tcp", p.relays[0].settings.FromDRBD.String()); err == nil {
		conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		_, err = conn.Read(make([]byte, 1))
		if !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("DRBD got %v", err)
		}
	} else if !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	for side := range 2 {
		eventually(t, "both say it", 3*time.Second, func() bool {
			c := p.relays[side].Counters()
			return c.Peer == "differs" && strings.Contains(c.PeerMessage, "compress is") &&
				strings.Contains(p.logs[side].String(), "nothing is replicated")
		})
	}
	p.listener[1].SetDeadline(time.Now().Add(50 * time.Millisecond))
	if _, err := p.listener[1].Accept(); err == nil {
		t.Error("the other side's DRBD was connected to")
	}
}

func TestGarbageFromTheLineIsRefused(t *testing.T) {
	p := newPair(t, testSettings(t))
	for _, garbage := range []string{"", "GET / HTTP/1.0\r\n\r\n", strings.Repeat("\xff", 5000), helloMagic + "\x00\x01\x02\x00\xff\xff"} {
		conn, err := net.Dial("tcp", p.relays[0].settings.Line.String())
		if err != nil {
			t.Fatal(err)
		}
		conn.Write([]byte(garbage))
		conn.(*net.TCPConn).CloseWrite()
		conn.SetReadDeadline(time.Now().Add(3 * time.Second))
		if _, err := io.ReadAll(conn); errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("%q is listened to for ever", garbage)
		}
	}
	here, there := p.connect(1)
	here.Write([]byte("x"))
	if _, err := io.ReadFull(there, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
}

func TestAnotherVersionIsTold(t *testing.T) {
	p := newPair(t, testSettings(t))
	conn, err := net.Dial("tcp", p.relays[0].settings.Line.String())
	if err != nil {
		t.Fatal(err)
	}
	conn.Write([]byte(helloMagic + "\x00\x63\x01\x00\x00\x05other"))
	hello, err := ReadHello(conn)
	if err != nil || hello.Purpose != answerDiffers {
		t.Fatalf("%+v, %v", hello, err)
	}
	if c := p.relays[0].Counters(); c.Peer != "differs" && !strings.Contains(p.logs[0].String(), "version is 1 here and 99 there") {
		t.Errorf("%+v", c)
	}
}

func TestChangedBytesAreSeen(t *testing.T) {
	eachWay(t, func(t *testing.T, settings Settings) {
		p := newPair(t, settings)
		here, there := p.connect(0)
		p.lines[1].changeByteAfter(300_000)
		go content{}.send(here, 0, 8<<20, 1<<16)
		_, wrong, err := content{}.receive(there, everything)
		if wrong || !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("wrong %v, %v", wrong, err)
		}
		eventually(t, "it is counted", time.Second, func() bool { return p.relays[0].Counters().Changed+p.relays[1].Counters().Changed == 1 })
		eventually(t, "it is told", time.Second, func() bool {
			return strings.Contains(p.logs[0].String()+p.logs[1].String(), "bytes were changed on the way")
		})
	})
}

func TestShortCutLosesNothingAndALongOneResets(t *testing.T) {
	settings := testSettings(t)
	settings.DeadAfter = 3 * time.Second
	p := newPair(t, settings)
	here, there := p.connect(0)
	go func() {
		content{}.send(here, 0, 30<<20, 1<<16)
		here.CloseWrite()
	}()
	for range 3 {
		p.lines[1].hold(true)
		time.Sleep(400 * time.Millisecond)
		p.lines[1].hold(false)
		time.Sleep(20 * time.Millisecond)
	}
	if got, wrong, err := (content{}).receive(there, everything); got != 30<<20 || wrong || err != io.EOF {
		t.Fatalf("%d bytes, wrong %v, %v", got, wrong, err)
	}

	left, right := p.connect(0)
	p.lines[1].hold(true)
	for _, end := range []*net.TCPConn{left, right} {
		end.SetReadDeadline(time.Now().Add(8 * time.Second))
		if _, err := end.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("%v", err)
		}
	}
}

func TestDrainDeliversWhatWasTaken(t *testing.T) {
	eachWay(t, func(t *testing.T, settings Settings) {
		p := newPair(t, settings)
		data, sink := p.connect(0)
		meta, echo := p.connect(1)
		go io.Copy(echo, echo)
		p.lines[1].hold(true)
		go content{}.send(data, 0, everything, 1<<16)
		eventually(t, "the buffer is full", 5*time.Second, func() bool { return p.relays[0].Counters().BufferedBytes >= uint64(settings.Buffer)-2*blockSize })
		p.lines[1].hold(false)
		var got uint64
		var wrong bool
		received := make(chan error)
		const pings = 10 * 4 // the other connection's, both ways: counted here as DRBD's answers
		go func() {
			var err error
			got, wrong, err = content{}.receive(sink, everything)
			received <- err
		}()
		for range 10 {
			meta.SetDeadline(time.Now().Add(2 * time.Second))
			meta.Write([]byte("ping"))
			if _, err := io.ReadFull(meta, make([]byte, 4)); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.relays[0].Drain(); err != nil {
			t.Fatal(err)
		}
		c := p.relays[0].Counters()
		p.relays[0].Close(errDrained)
		err := <-received
		if wrong || !errors.Is(err, syscall.ECONNRESET) || got != c.TakenBytes-pings {
			t.Errorf("taken %d, came %d, wrong %v, %v", c.TakenBytes, got, wrong, err)
		}
		if c.BufferedBytes != 0 || c.TakenBytes < uint64(settings.Buffer)-2*blockSize {
			t.Errorf("%+v", c)
		}
		p.relays[0] = nil
	})
}

func TestDrainOfTheReceiverStopsTheSender(t *testing.T) {
	p := newPair(t, testSettings(t))
	data, sink := p.connect(0)
	go content{}.send(data, 0, everything, 1<<16)
	var got uint64
	done := make(chan struct{})
	go func() {
		got, _, _ = content{}.receive(sink, everything)
		close(done)
	}()
	time.Sleep(100 * time.Millisecond)
	if err := p.relays[1].Drain(); err != nil {
		t.Fatal(err)
	}
	p.relays[1].Close(errDrained)
	p.relays[1] = nil
	<-done
	if c := p.relays[0].Counters(); c.TakenBytes != got || c.DroppedBytes != 0 {
		t.Errorf("taken %d, came %d, dropped %d", c.TakenBytes, got, c.DroppedBytes)
	}
}

func TestDrainHasALimit(t *testing.T) {
	settings := testSettings(t)
	settings.DrainFor = 300 * time.Millisecond
	p := newPair(t, settings)
	data, _ := p.connect(0)
	go content{}.send(data, 0, everything, 1<<16)
	eventually(t, "the buffer is full", 5*time.Second, func() bool {
		return p.relays[0].Counters().BufferedBytes >= uint64(settings.Buffer)-2*blockSize
	})
	if err := p.relays[0].Drain(); err == nil {
		t.Error("nobody read, and all was delivered")
	}
}

func TestNothingIsTakenTwiceFromTheMemory(t *testing.T) {
	settings := testSettings(t)
	p := newPair(t, settings)
	for range 30 {
		data, sink := p.connect(0)
		go content{}.send(data, 0, 64<<20, 1<<16)
		time.Sleep(15 * time.Millisecond)
		if held := p.relays[0].Counters().BufferedBytes; held > uint64(settings.Buffer)+smallHolder*maxTunnels*blockSize {
			t.Fatalf("%d bytes are held", held)
		}
		reset(sink)
		_ = data.SetReadDeadline(time.Now().Add(2 * time.Second))
		// The write that goes on may be the one that is told of the reset.
		if _, err := data.Read(make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) && err != io.EOF {
			t.Fatal(err)
		}
	}
	eventually(t, "everything is given back", 2*time.Second, func() bool {
		r := p.relays[0]
		return r.buffer.Free() == r.buffer.Blocks() && r.Counters().Connections == 0
	})
}
