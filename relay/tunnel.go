package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// bulk is the unsent backlog from which a connection gets all its streams, and the backlog from which it is stopped
// first when the relay drains.
const bulk = 128 << 10

// encodedAhead is how much is compressed before it can be sent. More would only age there.
const encodedAhead = 64 << 10

// ackAfter is how long an acknowledgement waits for more to acknowledge.
const ackAfter = 5 * time.Millisecond

// ackQueued is how often is looked whether DRBD has taken what waits for it in the kernel.
const ackQueued = 20 * time.Millisecond

// giveUpAfter: a connection whose DRBD has closed it is forgotten when nothing of it moves for so long.
const giveUpAfter = 10 * time.Second

// Tunnel carries one connection of DRBD's over one or several streams.
//
// Life: DRBD's bytes go to the backlog (readLocal), from there as numbered frames to whichever stream has room
// (sendLoop). What comes on the streams (receiveLoop) is put in order (Arrivals) and written to DRBD (deliverLoop). It
// ends in order when both directions have come to their end, else by fail, which resets both ends at once. Either way
// DRBD got the first bytes of what was sent, without a gap; only an orderly end says that it was all.
type Tunnel struct {
	relay  *Relay
	id     ConnectionID
	opener bool
	local  *net.TCPConn
	ours   Seal
	theirs Seal
	began  time.Time

	mu       sync.Mutex
	mayRead  *sync.Cond // room in the backlog
	maySend  *sync.Cond // something to send
	mayCode  *sync.Cond // something to compress
	mayGive  *sync.Cond // something to deliver
	streams  []*Stream
	closed   bool
	cause    error
	ending   chan struct{} // closed when it ends
	finished chan struct{} // closed when nothing of it is left

	// From DRBD to the line.
	backlog    Backlog
	encoded    [][]byte
	encodedRaw []bool
	encodedNow int // bytes in encoded
	coding     bool
	number     uint64 // of the next frame
	limit      uint64 // the first frame that may not be sent
	localEnd   bool
	endSent    bool
	endAcked   bool

	// From the line to DRBD.
	arrivals  *Arrivals
	delivered uint64
	told      uint64 // the bytes that were last acknowledged
	localGone bool   // DRBD takes no more
	endGiven  bool
	endTold   bool // the acknowledgement that says so was made
	ackTimer  *time.Timer

	// What is to be said.
	ackDue     bool
	pingDue    bool
	moreDue    bool
	drainDue   DrainStage
	drainedDue DrainStage

	drain       DrainStage
	stopped     bool // takes no more from DRBD
	peerDrained Drained

	wanted   bool         // all streams were asked for
	heard    atomic.Int64 // when anything came from the peer's relay, in nanoseconds after the beginning
	moved    time.Time    // when bytes were last delivered, either way
	open     int          // streams that have not ended
	routines sync.WaitGroup
}

func newTunnel(relay *Relay, id ConnectionID, opener bool, local *net.TCPConn) *Tunnel {
	now := time.Now()
	t := &Tunnel{
		relay: relay, id: id, opener: opener, local: local, began: now, moved: now,
		ours: NewSeal(id, opener), theirs: NewSeal(id, !opener),
		backlog: Backlog{pool: relay.buffer}, arrivals: NewArrivals(relay.credit), limit: firstFrames,
		ending: make(chan struct{}), finished: make(chan struct{}),
	}
	t.mayRead, t.maySend = sync.NewCond(&t.mu), sync.NewCond(&t.mu)
	t.mayCode, t.mayGive = sync.NewCond(&t.mu), sync.NewCond(&t.mu)
	return t
}

// run starts what carries the connection. It ends by itself.
func (t *Tunnel) run() {
	setUpLocal(t.local)
	t.routines.Add(3)
	go t.readLocal()
	go t.deliverLoop()
	go t.watch()
	if t.relay.settings.Compress {
		t.routines.Add(1)
		go t.compressLoop()
	}
	go t.bury()
}

var (
	errDone      = errors.New("closed in order")
	errDrained   = errors.New("drained")
	errLocalGone = errors.New("DRBD closed it")
)

// fail ends the connection: both of its ends are reset, and nothing of it is sent or delivered any more.
func (t *Tunnel) fail(cause error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(cause)
}

// end is fail under the lock.
func (t *Tunnel) end(cause error) {
	if t.closed {
		return
	}
	if t.endAcked && t.endTold {
		// Everything was said and heard, whatever closes now.
		cause = errDone
	}
	t.closed = true
	t.cause = cause
	close(t.ending)
	if t.ackTimer != nil {
		t.ackTimer.Stop()
	}
	for _, cond := range []*sync.Cond{t.mayRead, t.maySend, t.mayCode, t.mayGive} {
		cond.Broadcast()
	}
}

// closeAll closes the sockets, which ends whatever waits for one. Not under the lock: a close waits for a read that is
// under way, and a read waits for the lock.
func (t *Tunnel) closeAll() {
	closeOne := reset
	if t.cause == errDone {
		// Everything was said; a reset could overtake the last bytes.
		closeOne = func(conn *net.TCPConn) { _ = conn.Close() }
	}
	closeOne(t.local)
	for _, stream := range t.streams {
		closeOne(stream.conn)
	}
}

// bury waits for the end and gives everything back.
func (t *Tunnel) bury() {
	<-t.ending
	t.closeAll()
	// Only when nobody reads or writes the memory any more may another connection get it.
	t.routines.Wait()
	t.mu.Lock()
	dropped := t.backlog.Held()
	taken, delivered := t.backlog.taken, t.delivered
	t.backlog.Forget()
	t.arrivals.Forget()
	t.encoded = nil
	t.mu.Unlock()
	t.relay.forget(t, taken, delivered, dropped)
	close(t.finished)
}

// ---- from DRBD

func (t *Tunnel) readLocal() {
	defer t.routines.Done()
	raw, err := t.local.SyscallConn()
	if err != nil {
		t.fail(err)
		return
	}
	for {
		t.mu.Lock()
		for t.stopped && !t.closed {
			t.mayRead.Wait()
		}
		if t.closed {
			t.mu.Unlock()
			return
		}
		t.mu.Unlock()

		var n int
		var failure error
		full, again := false, false
		waited := raw.Read(func(fd uintptr) bool {
			// Under the lock, so that every byte is either in the kernel or counted when somebody looks.
			t.mu.Lock()
			defer t.mu.Unlock()
			if t.closed || t.stopped {
				again = true
				return true
			}
			room := t.backlog.Room()
			if room == nil {
				full = true
				return true
			}
			for {
				n, failure = syscall.Read(int(fd), room)
				if failure != syscall.EINTR {
					break
				}
			}
			if n > 0 {
				t.took(n)
				return true
			}
			t.backlog.TookNone()
			return failure != syscall.EAGAIN
		})
		switch {
		case waited != nil:
			t.fail(waited)
			return
		case full:
			t.waitForRoom()
		case again, n > 0:
		case failure != nil:
			t.fail(fmt.Errorf("DRBD reset it: %w", failure))
			return
		default:
			t.mu.Lock()
			t.localEnd = true
			t.moved = time.Now()
			t.maySend.Signal()
			t.mayCode.Signal()
			t.mu.Unlock()
			return
		}
	}
}

func (t *Tunnel) took(n int) {
	t.backlog.Took(n)
	t.relay.taken.Add(uint64(n))
	if t.relay.settings.Compress {
		t.mayCode.Signal()
	} else {
		t.maySend.Signal()
	}
	if t.backlog.Unsent() > bulk {
		t.wantStreams()
	}
}

// wantStreams sees to it that all streams are opened, once. Under the lock.
func (t *Tunnel) wantStreams() {
	if t.wanted || t.relay.settings.Streams == 1 || len(t.streams) == 0 {
		return
	}
	t.wanted = true
	if t.opener {
		go t.relay.openStreams(t)
	} else {
		t.moreDue = true
		t.maySend.Signal()
	}
}

func (t *Tunnel) waitForRoom() {
	t.mu.Lock()
	defer t.mu.Unlock()
	woken := false
	t.relay.buffer.WhenFree(func() {
		// The pool calls it from wherever a block is given back, often under this very lock.
		go func() {
			t.mu.Lock()
			woken = true
			t.mayRead.Broadcast()
			t.mu.Unlock()
		}()
	})
	// Room may have come before the pool was asked to say so.
	for !woken && !t.closed && !t.hasRoom() {
		t.mayRead.Wait()
	}
}

func (t *Tunnel) hasRoom() bool {
	if t.backlog.Room() == nil {
		return false
	}
	t.backlog.TookNone()
	return true
}

// compressLoop turns the backlog into compressed payloads, not further ahead than they can be sent.
func (t *Tunnel) compressLoop() {
	defer t.routines.Done()
	var compressor Compressor
	defer compressor.Close()
	for {
		t.mu.Lock()
		for !t.closed && (t.backlog.Unsent() == 0 || t.encodedNow >= encodedAhead) {
			t.mayCode.Wait()
		}
		if t.closed {
			t.mu.Unlock()
			return
		}
		piece, _ := t.backlog.Next(blockSize)
		last := t.backlog.Unsent() == 0
		t.coding = true
		t.mu.Unlock()

		var payloads [][]byte
		short := last && !compressor.pending && len(piece.Bytes) < leastCompressed
		var err error
		if short {
			payloads = [][]byte{append([]byte(nil), piece.Bytes...)}
		} else {
			err = compressor.Add(piece.Bytes)
		}

		t.mu.Lock()
		t.backlog.Done(piece)
		last = t.backlog.Unsent() == 0
		t.mu.Unlock()
		if err == nil && !short && last {
			// Nothing waits behind it: the other side shall have all of it now.
			err = compressor.Flush()
		}
		if err != nil {
			t.fail(fmt.Errorf("compressing: %w", err))
			return
		}
		if !short {
			for {
				payload := compressor.Payload(!compressor.pending)
				if payload == nil {
					break
				}
				payloads = append(payloads, payload)
			}
		}

		t.mu.Lock()
		for _, payload := range payloads {
			t.encoded = append(t.encoded, payload)
			t.encodedRaw = append(t.encodedRaw, short)
			t.encodedNow += len(payload)
		}
		t.coding = compressor.pending
		t.maySend.Signal()
		t.mu.Unlock()
	}
}

// ---- to the line

// outgoing is a frame that a stream shall send.
type outgoing struct {
	kind    FrameKind
	flags   uint8
	number  uint64
	payload []byte
	piece   Piece
}

// next waits for something to send. After the bye nothing is sent.
func (t *Tunnel) next() (outgoing, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for {
		if t.closed {
			return outgoing{}, false
		}
		if frame, ok := t.pick(); ok {
			// One was woken for what may be more than one frame.
			if t.moreToSend() {
				t.maySend.Signal()
			}
			return frame, true
		}
		t.maySend.Wait()
	}
}

func (t *Tunnel) moreToSend() bool {
	urgent := t.drainedDue != drainNot || t.drainDue != drainNot || t.ackDue || t.moreDue || t.pingDue
	data := len(t.encoded) > 0 || !t.relay.settings.Compress && t.backlog.Unsent() > 0 || t.localEnd && !t.endSent
	return urgent || data && t.number < t.limit
}

// pick chooses what is sent next: what is short and urgent first. Under the lock.
func (t *Tunnel) pick() (outgoing, bool) {
	switch {
	case t.drainedDue != drainNot:
		drained := Drained{Stage: t.drainedDue, Stopped: t.stopped || t.localEnd, Taken: t.backlog.taken}
		t.drainedDue = drainNot
		return outgoing{kind: frameDrained, payload: drained.Bytes()}, true
	case t.drainDue != drainNot:
		stage := t.drainDue
		t.drainDue = drainNot
		return outgoing{kind: frameDrain, payload: []byte{byte(stage)}}, true
	case t.ackDue:
		return outgoing{kind: frameAck, payload: t.ack().Bytes()}, true
	case t.moreDue:
		t.moreDue = false
		return outgoing{kind: frameMore}, true
	case t.pingDue:
		t.pingDue = false
		return outgoing{kind: framePing}, true
	}
	if t.number < t.limit {
		if len(t.encoded) > 0 {
			payload, raw := t.encoded[0], t.encodedRaw[0]
			t.encoded, t.encodedRaw = t.encoded[1:], t.encodedRaw[1:]
			t.encodedNow -= len(payload)
			t.mayCode.Signal()
			return outgoing{kind: frameData, flags: bit(!raw), number: t.take(), payload: payload}, true
		}
		if !t.relay.settings.Compress {
			if piece, ok := t.backlog.Next(maxPayload); ok {
				return outgoing{kind: frameData, number: t.take(), payload: piece.Bytes, piece: piece}, true
			}
		}
		if t.localEnd && !t.endSent && t.backlog.Unsent() == 0 && len(t.encoded) == 0 && !t.coding {
			t.endSent = true
			total := binary.BigEndian.AppendUint64(nil, t.backlog.taken)
			return outgoing{kind: frameEnd, number: t.take(), payload: total}, true
		}
	}
	if t.endAcked && t.endTold {
		return outgoing{kind: frameBye}, true
	}
	return outgoing{}, false
}

func (t *Tunnel) take() uint64 {
	t.number++
	return t.number - 1
}

// sent says that a frame has been handed to the kernel.
func (t *Tunnel) sent(frame outgoing) {
	if frame.piece.block == nil {
		return
	}
	t.mu.Lock()
	t.backlog.Done(frame.piece)
	t.mu.Unlock()
}

// ---- from the line

// hear handles a frame that carries no data.
func (t *Tunnel) hear(kind FrameKind, payload []byte) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch kind {
	case frameAck:
		return t.heardAck(ParseAck(payload))
	case frameMore:
		t.wantStreams()
	case frameDrain:
		stage := DrainStage(payload[0])
		if stage != drainBulk && stage != drainAll {
			return fmt.Errorf("an unknown stage %d of draining", stage)
		}
		t.stop(stage)
		t.drainedDue = stage
		t.maySend.Signal()
	case frameDrained:
		// They may come in any order, over several streams.
		if drained := ParseDrained(payload); drained.Stage > t.peerDrained.Stage {
			t.peerDrained = drained
		}
	}
	return nil
}

func (t *Tunnel) heardAck(ack Ack) error {
	before := t.backlog.delivered
	if err := t.backlog.Delivered(ack.Delivered); err != nil {
		return err
	}
	if ack.End && (!t.endSent || ack.Delivered != t.backlog.taken) {
		return errors.New("it acknowledges an end that there was not")
	}
	// They may overtake each other.
	if ack.Limit > t.limit {
		if ack.Limit-t.limit > maxWindowFrames {
			return errors.New("it grants more than a window")
		}
		t.limit = ack.Limit
		t.maySend.Signal()
	}
	if gained := t.backlog.delivered - before; gained > 0 {
		t.relay.delivered.Add(gained)
		t.moved = time.Now()
		t.mayRead.Signal()
	}
	if ack.End {
		t.endAcked = true
		t.maySend.Broadcast()
		if t.localGone {
			t.end(errLocalGone)
		}
	}
	return nil
}

// claim gives a data frame its place.
func (t *Tunnel) claim(number uint64) (*Arrival, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, t.cause
	}
	return t.arrivals.Claim(number)
}

// arrived says that a frame is complete and what it should be.
func (t *Tunnel) arrived(arrival *Arrival, header Header) {
	t.mu.Lock()
	defer t.mu.Unlock()
	arrival.length, arrival.flags = header.Length, header.Flags
	if header.Kind == frameEnd {
		arrival.end, arrival.total = true, binary.BigEndian.Uint64(arrival.payload())
	}
	arrival.state = arrivalReady
	if header.Number == t.arrivals.next {
		t.mayGive.Broadcast()
	}
}

// nextArrival waits for the frame whose turn it is.
func (t *Tunnel) nextArrival() *Arrival {
	t.mu.Lock()
	defer t.mu.Unlock()
	for !t.closed && t.arrivals.Ready() == nil {
		t.mayGive.Wait()
	}
	if t.closed {
		return nil
	}
	return t.arrivals.Ready()
}

// deliverLoop writes what has come to DRBD.
func (t *Tunnel) deliverLoop() {
	defer t.routines.Done()
	var current *Arrival
	done := func() {
		if current == nil {
			return
		}
		current = nil
		t.mu.Lock()
		t.arrivals.Done()
		t.ackSoon()
		t.mu.Unlock()
	}
	decompressor := NewDecompressor(func() ([]byte, error) {
		done()
		current = t.nextArrival()
		if current == nil {
			return nil, io.ErrUnexpectedEOF
		}
		if current.end || current.flags&flagCompressed == 0 {
			return nil, errMixed
		}
		return current.payload(), nil
	})
	defer decompressor.Close()
	for {
		current = t.nextArrival()
		var err error
		switch {
		case current == nil:
			return
		case current.end:
			t.giveEnd(current.total)
			return
		case current.flags&flagCompressed == 0:
			err = t.give(current.payload())
		case !t.relay.settings.Compress:
			err = errors.New("a compressed frame, and compression is off")
		default:
			err = decompressor.Each(current.payload(), t.give)
		}
		if err != nil {
			t.fail(err)
			return
		}
		done()
	}
}

// give writes to DRBD.
func (t *Tunnel) give(bytes []byte) error {
	t.mu.Lock()
	gone := t.localGone
	t.mu.Unlock()
	if gone {
		return nil
	}
	if _, err := t.local.Write(bytes); err != nil {
		if !errors.Is(err, syscall.EPIPE) {
			return fmt.Errorf("DRBD does not take it: %w", err)
		}
		// DRBD closed the connection in order, and takes no more. What it said before that shall still arrive.
		t.mu.Lock()
		t.localGone = true
		if t.endAcked {
			t.end(errLocalGone)
		}
		t.mu.Unlock()
		return nil
	}
	t.mu.Lock()
	t.delivered += uint64(len(bytes))
	t.moved = time.Now()
	t.mu.Unlock()
	t.relay.received.Add(uint64(len(bytes)))
	return nil
}

// giveEnd tells DRBD that the other side has closed the connection.
func (t *Tunnel) giveEnd(total uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.localGone && t.delivered != total {
		t.end(fmt.Errorf("it ends after %d bytes and %d came: this is a bug of the relay", total, t.delivered))
		return
	}
	if t.localGone {
		return
	}
	// DRBD may have closed its end at the same time; then there is nothing to tell.
	_ = t.local.CloseWrite()
	t.arrivals.Done()
	t.endGiven = true
	t.moved = time.Now()
	t.ackDue = true
	t.maySend.Broadcast()
}

// ack makes the acknowledgement that is due. Under the lock.
func (t *Tunnel) ack() Ack {
	t.ackDue = false
	if t.ackTimer != nil {
		t.ackTimer.Stop()
		t.ackTimer = nil
	}
	ack := Ack{Limit: t.arrivals.Grant()}
	ack.Delivered = t.inDRBD()
	t.told = ack.Delivered
	if ack.Delivered < t.delivered {
		// Say it when DRBD has taken more.
		t.ackLater(ackQueued)
	} else if t.endGiven {
		ack.End, t.endTold = true, true
		t.maySend.Broadcast()
	}
	return ack
}

// inDRBD is what DRBD's own socket has. What waits in the kernel before that would be lost by a reset.
func (t *Tunnel) inDRBD() uint64 {
	if t.local == nil {
		return t.delivered
	}
	if t.localGone {
		// What waited there is lost, and nothing more comes.
		return t.told
	}
	return t.delivered - min(uint64(unacknowledged(t.local)), t.delivered)
}

// ackSoon sends an acknowledgement at once when the sender could be waiting for it, else in a moment. Under the lock.
func (t *Tunnel) ackSoon() {
	if t.ackDue {
		return
	}
	left := int(t.arrivals.limit - t.arrivals.next)
	if left < t.arrivals.promised*3/4 {
		t.ackDue = true
		t.maySend.Signal()
		return
	}
	t.ackLater(ackAfter)
}

func (t *Tunnel) ackLater(after time.Duration) {
	if t.ackTimer != nil || t.closed {
		return
	}
	t.ackTimer = time.AfterFunc(after, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ackTimer = nil
		if after == ackQueued && t.inDRBD() == t.told {
			t.ackLater(ackQueued)
			return
		}
		t.ackDue = true
		t.maySend.Signal()
	})
}

// ---- draining

// stop takes no more from DRBD, as far as the stage says. Under the lock.
func (t *Tunnel) stop(stage DrainStage) {
	if stage > t.drain {
		t.drain = stage
	}
	if stage == drainAll || t.backlog.Held() > bulk {
		t.stopped = true
		t.mayRead.Broadcast()
	}
}

// beginDrain stops both sides of the connection.
func (t *Tunnel) beginDrain(stage DrainStage) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stop(stage)
	t.drainDue = stage
	t.maySend.Signal()
}

// drained says whether everything that was taken from either DRBD has been delivered, as far as this stage stops it.
func (t *Tunnel) drained(stage DrainStage) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return true
	}
	ours := !t.stopped || t.backlog.Held() == 0
	theirs := t.peerDrained.Stage >= stage && (!t.peerDrained.Stopped || t.inDRBD() == t.peerDrained.Taken)
	return ours && theirs
}

// ---- watching

// watch sees what no read or write tells.
func (t *Tunnel) watch() {
	defer t.routines.Done()
	const every = 250 * time.Millisecond
	deadAfter := t.relay.settings.DeadAfter
	pinged := time.Now()
	for {
		select {
		case <-t.ending:
			return
		case <-time.After(every):
		}
		broken := failed(t.local)
		now := time.Now()
		t.mu.Lock()
		if now.Sub(pinged) > deadAfter/8 {
			pinged = now
			t.pingDue = true
			t.maySend.Signal()
		}
		switch {
		case t.closed:
		case errors.Is(broken, syscall.EPIPE):
			t.localGone = true
			if t.endAcked {
				t.end(errLocalGone)
			}
		case broken != nil:
			t.end(fmt.Errorf("DRBD reset it: %w", broken))
		case t.began.Add(time.Duration(t.heard.Load())).Add(deadAfter).Before(now):
			t.end(fmt.Errorf("nothing was heard from the peer's relay for %s", deadAfter))
		case (t.localEnd || t.localGone || t.endGiven) && now.Sub(t.moved) > giveUpAfter:
			t.end(fmt.Errorf("one side closed it, and for %s nothing of it moved", giveUpAfter))
		}
		t.mu.Unlock()
	}
}
