package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// maxTunnels is how many connections of DRBD's are carried at a time, both ways together. DRBD has two for a resource,
// and for a moment twice as many when both sides open theirs at once. Old ones that are being given up count too.
const maxTunnels = 16

// handshakeWithin is how long the beginning of a connection between relays may take.
const handshakeWithin = 5 * time.Second

// maxStrangers is how many connections may be in their handshake at a time.
const maxStrangers = mostStreams + 16

// maxGreetings is how many greetings are answered at a time. The peer's relay has one; an old one may not be over yet.
const maxGreetings = 4

// Relay carries the connections of one resource.
type Relay struct {
	settings Settings
	log      *Log
	began    time.Time
	buffer   *Pool
	credit   *Credit

	fromDRBD *net.TCPListener
	line     *net.TCPListener

	mu       sync.Mutex
	tunnels  map[ConnectionID]*Tunnel
	places   int // connections carried, and such as are being opened
	stopping bool
	peer     PeerState
	closing  chan struct{}

	strangers chan struct{} // in their handshake
	greetings chan struct{} // answered

	// Since the relay was started, in bytes.
	taken, delivered, received, dropped atomic.Uint64
	lineSent, lineReceived              atomic.Uint64
	changed, resets, unopened           atomic.Uint64
	lastReset                           atomic.Value // string
	rate                                Rate
}

// PeerState is what is known of the peer's relay.
type PeerState struct {
	State     string // unknown, ok, absent, differs
	Message   string
	RoundTrip time.Duration
}

// NewRelay takes the addresses and the memory; nothing is carried before Serve.
func NewRelay(settings Settings, log *Log) (*Relay, error) {
	reserve := smallHolder * maxTunnels
	blocks := int((settings.Buffer+blockSize-1)/blockSize) + reserve
	buffer, err := NewPool(blockSize, blocks, reserve)
	if err != nil {
		return nil, err
	}
	credit, err := NewCredit(int(settings.Window))
	if err != nil {
		return nil, err
	}
	r := &Relay{
		settings: settings, log: log, began: time.Now(), buffer: buffer, credit: credit,
		tunnels: map[ConnectionID]*Tunnel{}, peer: PeerState{State: "unknown"}, closing: make(chan struct{}),
		strangers: make(chan struct{}, maxStrangers), greetings: make(chan struct{}, maxGreetings),
	}
	if r.fromDRBD, err = listen(settings.FromDRBD); err != nil {
		return nil, err
	}
	if r.line, err = listen(settings.Line); err != nil {
		return nil, errors.Join(err, r.fromDRBD.Close())
	}
	return r, nil
}

// Serve carries connections until the relay is closed.
func (r *Relay) Serve() {
	go r.accept(r.fromDRBD, r.takeFromDRBD)
	go r.accept(r.line, r.takeFromLine)
	go r.greet()
	go r.rate.follow(r)
	<-r.closing
}

func (r *Relay) accept(listener *net.TCPListener, take func(*net.TCPConn)) {
	for {
		conn, err := listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Too many open files, for example; it passes.
			r.log.sayOnce("accept", "taking a connection: %v", err)
			time.Sleep(100 * time.Millisecond)
			continue
		}
		take(conn)
	}
}

// place reserves room for one more connection, or says why there is none.
func (r *Relay) place() Purpose {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopping:
		return answerStopping
	case r.places >= maxTunnels:
		return answerBusy
	}
	r.places++
	return answerYes
}

func (r *Relay) vacate() {
	r.mu.Lock()
	r.places--
	r.mu.Unlock()
}

// register makes a tunnel known, in a place that was reserved. Its identity must be new.
func (r *Relay) register(t *Tunnel) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.tunnels[t.id] != nil {
		return false
	}
	r.tunnels[t.id] = t
	return true
}

// forget is called when nothing of a tunnel is left.
func (r *Relay) forget(t *Tunnel, taken, delivered, dropped uint64) {
	r.mu.Lock()
	delete(r.tunnels, t.id)
	r.places--
	// In the same moment as the connection's own count goes, so that the sums are right at any time.
	r.dropped.Add(dropped)
	r.mu.Unlock()
	if len(t.streams) == 0 {
		// DRBD tries again and again while the peer is not there.
		r.unopened.Add(1)
		r.log.sayOnce("unopened "+t.cause.Error(), "a connection that DRBD here opened: %v", t.cause)
		return
	}
	if t.cause != errDone && t.cause != errDrained {
		r.resets.Add(1)
		r.lastReset.Store(t.cause.Error())
	}
	r.log.say("connection %x: %v; %d bytes taken, %d given to DRBD, %d dropped", t.id[:4], t.cause, taken, delivered, dropped)
}

// takeFromDRBD carries a connection that this host's DRBD has opened.
func (r *Relay) takeFromDRBD(conn *net.TCPConn) {
	if answer := r.place(); answer != answerYes {
		reset(conn)
		return
	}
	t := newTunnel(r, NewConnectionID(), true, conn)
	r.register(t)
	t.run()
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), handshakeWithin)
		defer cancel()
		line, err := r.meet(ctx, purposeOpen, t.id)
		if err != nil {
			t.fail(fmt.Errorf("the peer's relay does not carry it: %w", err))
			return
		}
		if !t.addStream(line) {
			reset(line)
			return
		}
		r.log.say("connection %x: DRBD here opened it", t.id[:4])
	}()
}

// meet connects to the peer's relay and says hello.
func (r *Relay) meet(ctx context.Context, purpose Purpose, id ConnectionID) (*net.TCPConn, error) {
	conn, err := dial(ctx, r.settings.Line.Addr(), r.settings.Peer)
	if err != nil {
		r.knowPeer("absent", err.Error())
		return nil, err
	}
	if err := r.sayHello(conn, purpose, id); err != nil {
		reset(conn)
		return nil, err
	}
	return conn, nil
}

func (r *Relay) sayHello(conn *net.TCPConn, purpose Purpose, id ConnectionID) error {
	ours := r.settings.Agreed()
	_ = conn.SetDeadline(time.Now().Add(handshakeWithin))
	if err := WriteHello(conn, Hello{Purpose: purpose, Connection: id, Settings: ours}); err != nil {
		return err
	}
	answer, err := ReadHello(conn)
	if err == nil {
		if differences := Differences(ours, answer.Settings); differences != "" {
			err = differ(differences)
		}
	}
	if err != nil {
		r.knowPeerByError(err)
		return err
	}
	if answer.Purpose != answerYes || answer.Connection != id {
		if answer.Purpose == answerNoDRBD {
			r.knowPeer("ok", "")
		}
		return errors.New(answer.Purpose.Why())
	}
	r.knowPeer("ok", "")
	return conn.SetDeadline(time.Time{})
}

// differ is what stops two relays from working together.
type differ string

func (d differ) Error() string { return string(d) }

func (r *Relay) knowPeerByError(err error) {
	var version OtherVersion
	var settings differ
	if errors.As(err, &version) || errors.As(err, &settings) {
		r.knowPeer("differs", err.Error())
	} else {
		r.knowPeer("absent", err.Error())
	}
}

// knowPeer notes, and tells once, what is known of the peer's relay.
func (r *Relay) knowPeer(state, message string) {
	r.mu.Lock()
	before := r.peer
	r.peer.State, r.peer.Message = state, message
	r.mu.Unlock()
	if before.State == state && (state != "differs" || before.Message == message) {
		return
	}
	switch state {
	case "ok":
		r.log.say("the peer's relay at %s is there, with the same settings", r.settings.Peer)
	case "absent":
		r.log.say("the peer's relay at %s cannot be reached: %s", r.settings.Peer, message)
	case "differs":
		r.log.say("nothing is replicated: the relay at %s has other settings than this one: %s. Give both the same and "+
			"start them again", r.settings.Peer, message)
	}
}

// takeFromLine answers the peer's relay. Anybody else is reset without a word.
func (r *Relay) takeFromLine(conn *net.TCPConn) {
	if from := remoteOf(conn); from.WithZone("") != r.settings.Peer.Addr().Unmap().WithZone("") {
		r.log.sayOnce("stranger "+from.String(), "a connection from %s, which is not the peer, was refused", from)
		reset(conn)
		return
	}
	select {
	case r.strangers <- struct{}{}:
	default:
		reset(conn)
		return
	}
	go func() {
		keep := r.answer(conn)
		if !keep {
			// What was answered shall arrive.
			_ = conn.CloseWrite()
			_ = conn.SetReadDeadline(time.Now().Add(time.Second))
			var rest [256]byte
			_, _ = conn.Read(rest[:])
			_ = conn.Close()
		}
		<-r.strangers
	}()
}

// answer reads what a connection is for. It says whether the connection is kept.
func (r *Relay) answer(conn *net.TCPConn) bool {
	ours := r.settings.Agreed()
	_ = conn.SetDeadline(time.Now().Add(handshakeWithin))
	hello, err := ReadHello(conn)
	say := func(answer Purpose) bool {
		return WriteHello(conn, Hello{Purpose: answer, Connection: hello.Connection, Settings: ours}) == nil &&
			answer == answerYes && conn.SetDeadline(time.Time{}) == nil
	}
	if err == nil {
		if differences := Differences(ours, hello.Settings); differences != "" {
			err = differ(differences)
		}
	}
	var version OtherVersion
	var settings differ
	switch {
	case errors.As(err, &version), errors.As(err, &settings):
		r.knowPeer("differs", err.Error())
		return say(answerDiffers)
	case err != nil:
		if errors.Is(err, ErrChanged) {
			r.changed.Add(1)
		}
		r.log.sayOnce("hello", "a connection from %s: %v", r.settings.Peer.Addr(), err)
		return false
	}
	// That it is there is said by our own greeting: it may be that only its connections come through.
	switch hello.Purpose {
	case purposeGreet:
		select {
		case r.greetings <- struct{}{}:
		default:
			return say(answerBusy)
		}
		if !say(answerYes) {
			<-r.greetings
			return false
		}
		go func() {
			echo(conn)
			<-r.greetings
		}()
		return true
	case purposeOpen:
		return r.carry(conn, hello.Connection, say)
	case purposeJoin:
		r.mu.Lock()
		t := r.tunnels[hello.Connection]
		r.mu.Unlock()
		if t == nil || t.opener {
			return say(answerUnknown)
		}
		if say(answerYes) {
			if !t.addStream(conn) {
				reset(conn)
			}
			return true
		}
	}
	return false
}

// carry opens the connection to this host's DRBD that the peer's DRBD has asked for.
func (r *Relay) carry(line *net.TCPConn, id ConnectionID, say func(Purpose) bool) bool {
	if answer := r.place(); answer != answerYes {
		return say(answer)
	}
	ctx, cancel := context.WithTimeout(context.Background(), handshakeWithin/2)
	defer cancel()
	local, err := dial(ctx, netip.Addr{}, r.settings.ToDRBD)
	if err != nil {
		r.vacate()
		return say(answerNoDRBD)
	}
	t := newTunnel(r, id, false, local)
	// Before the answer, because more streams for it may follow at once.
	if !r.register(t) {
		r.vacate()
		reset(local)
		return false
	}
	t.run()
	if !say(answerYes) {
		t.fail(errors.New("the peer's relay went away while it was opened"))
		return false
	}
	if !t.addStream(line) {
		reset(line)
	}
	r.log.say("connection %x: the peer's DRBD opened it", id[:4])
	return true
}

func (r *Relay) all() []*Tunnel {
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []*Tunnel
	for _, t := range r.tunnels {
		all = append(all, t)
	}
	return all
}

// Drain takes no new connection, delivers what was taken from either DRBD, and then ends. It fails when that takes
// longer than it may.
func (r *Relay) Drain() error {
	r.mu.Lock()
	r.stopping = true
	r.mu.Unlock()
	until := time.Now().Add(r.settings.DrainFor)
	for _, stage := range []DrainStage{drainBulk, drainAll} {
		for _, t := range r.all() {
			t.beginDrain(stage)
		}
		for !r.drained(stage) {
			if time.Now().After(until) {
				return fmt.Errorf("not everything was delivered within %s", r.settings.DrainFor)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}

func (r *Relay) drained(stage DrainStage) bool {
	for _, t := range r.all() {
		if !t.drained(stage) {
			return false
		}
	}
	return true
}

// Close resets what is left and waits until nothing runs any more.
func (r *Relay) Close(cause error) {
	r.mu.Lock()
	r.stopping = true
	r.mu.Unlock()
	_ = r.fromDRBD.Close()
	_ = r.line.Close()
	for _, t := range r.all() {
		t.fail(cause)
		<-t.finished
	}
	close(r.closing)
}
