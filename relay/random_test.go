package main

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

var (
	randomFor  = flag.Duration("random-for", 3*time.Second, "how long the random test runs")
	randomSeed = flag.Uint64("random-seed", 0, "the seed of its first round; 0 for one by chance")
)

// The model: each direction of each connection is a known content. Whatever happens, the receiver gets the first bytes of
// it; it sees an end only after all of them; and where nothing was harmed it gets all and sees the end.
func TestRandomHarmAgainstTheModel(t *testing.T) {
	seed := *randomSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	rounds := 0
	for end := time.Now().Add(*randomFor); time.Now().Before(end) || rounds == 0; rounds++ {
		name := fmt.Sprintf("random-seed=%d", seed)
		if !t.Run(name, func(t *testing.T) { randomRound(t, rand.New(rand.NewPCG(seed, 1))) }) {
			t.Fatalf("run it again with -random-seed=%d -random-for=0s", seed)
		}
		seed++
	}
	t.Logf("%d rounds", rounds)
}

func randomRound(t *testing.T, random *rand.Rand) {
	settings := testSettings(t)
	settings.Buffer = int64(1+random.IntN(4)) << 20
	settings.Window = int64(1+random.IntN(2)) << 20
	settings.Streams = 1 + random.IntN(6)
	settings.Compress = random.IntN(2) == 0
	settings.DeadAfter = 3 * time.Second
	p := newPair(t, settings)

	harmed := random.IntN(3) > 0
	var all sync.WaitGroup
	for range 1 + random.IntN(3) {
		side := random.IntN(2)
		here, there, err := p.tryConnect(side)
		if err != nil {
			t.Fatal(err)
		}
		all.Add(1)
		ends := &bothEnds{t: t, harmed: &harmed, here: here, there: there}
		for i := range ends.ways {
			ends.ways[i] = way{content: content{seed: random.Uint64()}, total: sizeOf(random), piece: 1 + random.IntN(100_000)}
		}
		go func() {
			defer all.Done()
			ends.carry()
		}()
		if harmed && random.IntN(2) == 0 {
			go func(after time.Duration, which *net.TCPConn) {
				time.Sleep(after)
				reset(which)
			}(time.Duration(random.IntN(100))*time.Millisecond, []*net.TCPConn{here, there}[random.IntN(2)])
		}
	}
	if harmed {
		for range 1 + random.IntN(4) {
			harm := p.lines[random.IntN(2)]
			switch random.IntN(4) {
			case 0:
				harm.breakOne()
			case 1:
				harm.changeByteAfter(1 + random.IntN(1<<20))
			case 2:
				harm.hold(true)
				time.Sleep(time.Duration(random.IntN(50)) * time.Millisecond)
				harm.hold(false)
			case 3:
				harm.breakAll()
			}
			time.Sleep(time.Duration(random.IntN(60)) * time.Millisecond)
		}
	}
	all.Wait()
	for side, relay := range p.relays {
		eventually(t, "all memory is given back", 5*time.Second, func() bool {
			return relay.Counters().Connections == 0 && relay.buffer.Free() == relay.buffer.Blocks() &&
				relay.credit.pool.Free() == relay.credit.pool.Blocks()
		})
		c := relay.Counters()
		if c.TakenBytes != c.DeliveredBytes+c.DroppedBytes || !c.Empty {
			t.Errorf("relay %d counts %d taken, %d delivered, %d dropped", side, c.TakenBytes, c.DeliveredBytes, c.DroppedBytes)
		}
		if !harmed && c.Resets > 0 {
			t.Errorf("relay %d reset: %s", side, c.LastReset)
		}
	}
}

func sizeOf(random *rand.Rand) uint64 {
	return uint64(random.IntN(1 << (1 + random.IntN(24))))
}

type way struct {
	content
	total uint64
	piece int
}

// bothEnds is one connection, with a content each way.
type bothEnds struct {
	t           testing.TB
	harmed      *bool
	here, there *net.TCPConn
	ways        [2]way // from here, from there
}

func (b *bothEnds) carry() {
	ends := [2]*net.TCPConn{b.here, b.there}
	var sent [2]error
	var sending, receiving sync.WaitGroup
	type received struct {
		got   uint64
		wrong bool
		err   error
	}
	var results [2]received
	for i := range ends {
		sending.Add(1)
		receiving.Add(1)
		go func() {
			defer sending.Done()
			way := b.ways[i]
			sent[i] = way.send(ends[i], 0, way.total, way.piece)
			if sent[i] == nil {
				sent[i] = ends[i].CloseWrite()
			}
		}()
		go func() {
			defer receiving.Done()
			ends[1-i].SetReadDeadline(time.Now().Add(60 * time.Second))
			got, wrong, err := b.ways[i].receive(ends[1-i], everything)
			results[i] = received{got, wrong, err}
			if err != io.EOF {
				// As DRBD does: when one direction is broken, it closes the connection.
				reset(ends[1-i])
			}
		}()
	}
	sending.Wait()
	receiving.Wait()
	for i, result := range results {
		total := b.ways[i].total
		// A write of the receiver's own may have been told of the reset in the place of its read.
		ended := result.err == io.EOF && sent[1-i] == nil
		switch {
		case result.wrong:
			b.t.Errorf("after %d of %d bytes came others than were sent", result.got, total)
		case result.got > total:
			b.t.Errorf("%d of %d bytes", result.got, total)
		case ended && result.got != total:
			b.t.Errorf("an end after %d of %d bytes", result.got, total)
		case !*b.harmed && (!ended || result.got != total):
			b.t.Errorf("nothing was harmed, and %d of %d bytes came: %v", result.got, total, result.err)
		}
	}
	b.here.Close()
	b.there.Close()
}
