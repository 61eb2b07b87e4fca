package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"
)

// pair is two relays on loopback, with a line between them that a test can harm. The tests play DRBD on both sides.
type pair struct {
	t        testing.TB
	relays   [2]*Relay
	logs     [2]*lockedBuffer
	lines    [2]*line // what a relay connects to goes through one
	listener [2]*net.TCPListener
}

type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

func freeAddress(t testing.TB) netip.AddrPort {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return netip.MustParseAddrPort(listener.Addr().String())
}

func testSettings(t testing.TB) Settings {
	_, settings := runFlags()
	settings.Resource = "r0"
	settings.Buffer, settings.Window, settings.Streams = 8<<20, 2<<20, 4
	settings.DrainFor = 10 * time.Second
	settings.RuntimeDirectory = t.TempDir()
	return *settings
}

// newPair starts two relays with these settings; change may differ them.
func newPair(t testing.TB, settings Settings, change ...func(side int, settings *Settings)) *pair {
	p := &pair{t: t}
	var own [2]netip.AddrPort
	for side := range 2 {
		listener, err := listen(netip.MustParseAddrPort("127.0.0.1:0"))
		if err != nil {
			t.Fatal(err)
		}
		p.listener[side] = listener
		t.Cleanup(func() { listener.Close() })
		own[side] = freeAddress(t)
		p.lines[side] = newLine(t, own[side])
	}
	for side := range 2 {
		settings := settings
		settings.FromDRBD = freeAddress(t)
		settings.ToDRBD = netip.MustParseAddrPort(p.listener[side].Addr().String())
		settings.Line = own[side]
		settings.Peer = p.lines[1-side].address
		for _, with := range change {
			with(side, &settings)
		}
		p.logs[side] = &lockedBuffer{}
		relay, err := NewRelay(settings, NewLog(p.logs[side]))
		if err != nil {
			t.Fatal(err)
		}
		p.relays[side] = relay
		go relay.Serve()
	}
	t.Cleanup(func() {
		p.close()
		if t.Failed() {
			t.Logf("alpha's relay:\n%s\nbravo's relay:\n%s", tail(p.logs[0].String()), tail(p.logs[1].String()))
		}
	})
	return p
}

func tail(text string) string { return text[max(0, len(text)-4000):] }

func (p *pair) close() {
	for side := range 2 {
		if p.relays[side] != nil {
			p.relays[side].Close(io.ErrClosedPipe)
		}
	}
	p.relays = [2]*Relay{}
}

// connect opens a connection of DRBD's from this side and returns its ends: [0] here and [1] at the other side.
func (p *pair) connect(side int) (here, there *net.TCPConn) {
	p.t.Helper()
	here, there, err := p.tryConnect(side)
	if err != nil {
		p.t.Fatal(err)
	}
	return here, there
}

func (p *pair) tryConnect(side int) (here, there *net.TCPConn, err error) {
	conn, err := net.Dial("tcp", p.relays[side].settings.FromDRBD.String())
	if err != nil {
		return nil, nil, err
	}
	listener := p.listener[1-side]
	_ = listener.SetDeadline(time.Now().Add(5 * time.Second))
	other, err := listener.AcceptTCP()
	if err != nil {
		reset(conn.(*net.TCPConn))
		return nil, nil, err
	}
	// Also so that the garbage collector does not close an end that a test does not use.
	p.t.Cleanup(func() { conn.Close(); other.Close() })
	return conn.(*net.TCPConn), other, nil
}

// line passes the connections to a relay on, and does to them what a bad line does.
type line struct {
	address  netip.AddrPort
	to       netip.AddrPort
	listener *net.TCPListener

	mu      sync.Mutex
	conns   map[*net.TCPConn]bool
	held    *sync.Cond
	cut     bool
	change  int // so many bytes from now, one is changed; 0 for never
	changed int
}

func newLine(t testing.TB, to netip.AddrPort) *line {
	listener, err := listen(netip.MustParseAddrPort("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	l := &line{address: netip.MustParseAddrPort(listener.Addr().String()), to: to, listener: listener, conns: map[*net.TCPConn]bool{}}
	l.held = sync.NewCond(&l.mu)
	t.Cleanup(func() { listener.Close(); l.hold(false); l.breakAll() })
	go func() {
		for {
			conn, err := listener.AcceptTCP()
			if err != nil {
				return
			}
			go l.pass(conn)
		}
	}()
	return l
}

func (l *line) pass(from *net.TCPConn) {
	conn, err := net.Dial("tcp", l.to.String())
	if err != nil {
		reset(from)
		return
	}
	to := conn.(*net.TCPConn)
	l.mu.Lock()
	l.conns[from], l.conns[to] = true, true
	l.mu.Unlock()
	go l.copy(from, to)
	go l.copy(to, from)
}

func (l *line) copy(from, to *net.TCPConn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		l.mu.Lock()
		for l.cut {
			l.held.Wait()
		}
		if l.change > 0 && n > 0 {
			if l.change <= n {
				buffer[l.change-1] ^= 0x10
				l.changed++
				l.change = 0
			} else {
				l.change -= n
			}
		}
		l.mu.Unlock()
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				reset(from)
				return
			}
		}
		if err == io.EOF {
			_ = to.CloseWrite()
			return
		}
		if err != nil {
			reset(to)
			return
		}
	}
}

// hold lets nothing through, or lets it through again.
func (l *line) hold(cut bool) {
	l.mu.Lock()
	l.cut = cut
	l.held.Broadcast()
	l.mu.Unlock()
}

// breakOne resets one of the connections by chance.
func (l *line) breakOne() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		reset(conn)
		delete(l.conns, conn)
		return
	}
}

func (l *line) breakAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		reset(conn)
	}
	clear(l.conns)
}

func (l *line) changeByteAfter(n int) {
	l.mu.Lock()
	l.change = n
	l.mu.Unlock()
}

// content is what a direction of a connection carries: any part of it can be made anew, to compare. Half of it can be
// compressed.
type content struct{ seed uint64 }

// contentPeriod is a prime, so that a gap of whole frames or blocks is always seen.
const contentPeriod = 1_000_003

var contentTable = sync.OnceValue(func() []byte {
	random := rand.New(rand.NewPCG(1, 2))
	table := make([]byte, 0, contentPeriod+1024)
	for len(table) < contentPeriod {
		for range 512 {
			table = append(table, byte(random.Uint32()))
		}
		table = append(table, bytes.Repeat([]byte{byte(random.Uint32()), 'a', 'b', 'c'}, 128)...)
	}
	return table[:contentPeriod]
})

func (c content) fill(into []byte, offset uint64) {
	table := contentTable()
	for at := (c.seed%contentPeriod + offset) % contentPeriod; len(into) > 0; at = 0 {
		into = into[copy(into, table[at:]):]
	}
}

// send writes bytes [from, to) of the content.
func (c content) send(conn net.Conn, from, to uint64, piece int) error {
	buffer := make([]byte, piece)
	for from < to {
		part := buffer[:min(uint64(piece), to-from)]
		c.fill(part, from)
		if _, err := conn.Write(part); err != nil {
			return err
		}
		from += uint64(len(part))
	}
	return nil
}

// receive reads up to the end, or until so many bytes came, and returns how many were right.
func (c content) receive(conn net.Conn, upTo uint64) (got uint64, wrong bool, err error) {
	buffer, expected := make([]byte, 64<<10), make([]byte, 64<<10)
	for got < upTo {
		n, err := conn.Read(buffer[:min(uint64(len(buffer)), upTo-got)])
		c.fill(expected[:n], got)
		if !bytes.Equal(buffer[:n], expected[:n]) {
			return got, true, err
		}
		got += uint64(n)
		if err != nil {
			return got, false, err
		}
	}
	return got, false, nil
}

const everything = 1 << 62

func eventually(t testing.TB, what string, within time.Duration, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(within); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", within, what)
		}
	}
}
