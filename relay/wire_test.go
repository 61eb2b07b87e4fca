package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"
)

func TestHeaderIsReadBack(t *testing.T) {
	seal := NewSeal(ConnectionID{1}, true)
	var bytes [headerSize]byte
	payload := []byte("some data")
	seal.Put(&bytes, frameData, flagCompressed, 77, payload)
	header, err := seal.ParseHeader(&bytes)
	if err != nil || header.Kind != frameData || header.Flags != flagCompressed || header.Number != 77 || header.Length != len(payload) {
		t.Fatalf("%+v, %v", header, err)
	}
	if err := seal.CheckPayload(header, payload); err != nil {
		t.Error(err)
	}
	payload[3] ^= 1
	if err := seal.CheckPayload(header, payload); !errors.Is(err, ErrChanged) {
		t.Errorf("a changed payload: %v", err)
	}
	for bit := range headerSize * 8 {
		changed := bytes
		changed[bit/8] ^= 1 << (bit % 8)
		if _, err := seal.ParseHeader(&changed); !errors.Is(err, ErrChanged) {
			t.Errorf("bit %d changed: %v", bit, err)
		}
	}
	for _, other := range []Seal{NewSeal(ConnectionID{1}, false), NewSeal(ConnectionID{2}, true)} {
		if _, err := other.ParseHeader(&bytes); !errors.Is(err, ErrChanged) {
			t.Errorf("a frame of another connection or direction: %v", err)
		}
	}
}

func TestHeadersThatNobodySendsAreRefused(t *testing.T) {
	seal := NewSeal(ConnectionID{}, true)
	for name, from := range map[string]struct {
		kind   FrameKind
		flags  uint8
		length int
	}{
		"kind 0":            {0, 0, 0},
		"an unknown kind":   {frameKinds, 0, 0},
		"unknown flags":     {frameData, 2, 5},
		"flags on a ping":   {framePing, flagCompressed, 0},
		"too long":          {frameData, 0, maxPayload + 1},
		"empty data":        {frameData, 0, 0},
		"a short end":       {frameEnd, 0, 7},
		"a ping with bytes": {framePing, 0, 1},
		"a long ack":        {frameAck, 0, 18},
	} {
		var bytes [headerSize]byte
		seal.Put(&bytes, from.kind, from.flags, 0, make([]byte, from.length))
		if header, err := seal.ParseHeader(&bytes); err == nil {
			t.Errorf("%s: %+v", name, header)
		}
	}
}

func TestControlPayloadsAreReadBack(t *testing.T) {
	ack := Ack{Delivered: 1 << 40, Limit: 99, End: true}
	if got := ParseAck(ack.Bytes()); got != ack || len(ack.Bytes()) != controlLength[frameAck] {
		t.Errorf("%+v", got)
	}
	drained := Drained{Stage: drainAll, Stopped: true, Taken: 1 << 41}
	if got := ParseDrained(drained.Bytes()); got != drained || len(drained.Bytes()) != controlLength[frameDrained] {
		t.Errorf("%+v", got)
	}
	for _, length := range controlLength {
		if length > longestControl {
			t.Errorf("a control frame of %d bytes has no room", length)
		}
	}
}

func TestHelloIsReadBack(t *testing.T) {
	hello := Hello{Purpose: purposeOpen, Connection: NewConnectionID(), Settings: "resource=r0 buffer=1"}
	var wire bytes.Buffer
	if err := WriteHello(&wire, hello); err != nil {
		t.Fatal(err)
	}
	said := bytes.Clone(wire.Bytes())
	wire.WriteString("what follows is not read")
	if got, err := ReadHello(&wire); err != nil || got != hello {
		t.Fatalf("%+v, %v", got, err)
	}
	if wire.String() != "what follows is not read" {
		t.Errorf("left: %q", wire.String())
	}
	for i := range said {
		changed := bytes.Clone(said)
		changed[i] ^= 4
		if got, err := ReadHello(bytes.NewReader(changed)); err == nil {
			t.Errorf("byte %d changed: %+v", i, got)
		}
	}
	if err := WriteHello(io.Discard, Hello{Settings: strings.Repeat("x", longestText+1)}); err == nil {
		t.Error("settings that are too long were said")
	}
}

func FuzzHello(f *testing.F) {
	var wire bytes.Buffer
	WriteHello(&wire, Hello{Purpose: purposeJoin, Connection: ConnectionID{3}, Settings: "resource=r0 streams=4"})
	f.Add(wire.Bytes())
	f.Add([]byte(helloMagic + "\x00\x02"))
	f.Add([]byte(helloMagic + "\x00\x01\x01\x00\xff\xff"))
	f.Fuzz(func(t *testing.T, wire []byte) {
		hello, err := ReadHello(bytes.NewReader(wire))
		if err != nil {
			return
		}
		var again bytes.Buffer
		if WriteHello(&again, hello) != nil || !bytes.HasPrefix(wire, again.Bytes()[:11]) {
			t.Errorf("%+v is said otherwise", hello)
		}
		told := Differences("resource=r0 streams=4", hello.Settings)
		if strings.ContainsFunc(told, func(r rune) bool { return r < ' ' || r > '~' }) || len(told) > 1000 {
			t.Errorf("unfit for a log: %q", told)
		}
	})
}

// newBareTunnel has no sockets: only what reads the line works.
func newBareTunnel(t testing.TB, compress bool) *Tunnel {
	credit, err := NewCredit(1 << 20)
	if err != nil {
		t.Fatal(err)
	}
	buffer, err := NewPool(blockSize, 16, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { credit.pool.Close(); buffer.Close() })
	relay := &Relay{settings: Settings{Compress: compress, Streams: 1}, credit: credit, buffer: buffer}
	return newTunnel(relay, ConnectionID{}, true, nil)
}

// FuzzFrames feeds what could come on a stream. Each piece of the input is a frame with right checksums, as from a relay
// with a bug, and the rest is garbage.
func FuzzFrames(f *testing.F) {
	f.Add([]byte{byte(frameData), 0, 0, 3, 'a', 'b', 'c', byte(frameEnd), 0, 1, 8, 0, 0, 0, 0, 0, 0, 0, 3})
	f.Add([]byte{byte(frameAck), 0, 0, 17, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 9, 1})
	f.Add([]byte{byte(frameDrain), 0, 0, 1, 2, byte(frameMore), 0, 0, 0, byte(frameDrained), 0, 0, 10, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9})
	f.Add([]byte{byte(frameBye), 0, 0, 0, 1})
	f.Fuzz(func(t *testing.T, input []byte) {
		tunnel := newBareTunnel(t, false)
		var wire bytes.Buffer
		for len(input) >= 4 {
			length := min(int(input[3]), len(input)-4)
			var header [headerSize]byte
			tunnel.theirs.Put(&header, FrameKind(input[0]), input[1], uint64(input[2]), input[4:4+length])
			wire.Write(header[:])
			wire.Write(input[4 : 4+length])
			input = input[4+length:]
		}
		wire.Write(input)
		for {
			if bye, err := tunnel.receive(&wire); bye || err != nil {
				break
			}
		}
		b := &tunnel.backlog
		if !(b.delivered <= b.sent && b.sent <= b.taken) {
			t.Errorf("delivered %d, sent %d, taken %d", b.delivered, b.sent, b.taken)
		}
		if held := tunnel.arrivals.held; held > firstFrames {
			t.Errorf("%d frames are held, %d were granted", held, firstFrames)
		}
		tunnel.arrivals.Forget()
		if pool := tunnel.relay.credit.pool; pool.Free() != pool.Blocks() {
			t.Error("memory is lost")
		}
	})
}

// FuzzRawStream: the same without right checksums.
func FuzzRawStream(f *testing.F) {
	var header [headerSize]byte
	NewSeal(ConnectionID{}, false).Put(&header, framePing, 0, 0, nil)
	f.Add(header[:])
	f.Fuzz(func(t *testing.T, wire []byte) {
		tunnel := newBareTunnel(t, false)
		from := bytes.NewReader(wire)
		for {
			if bye, err := tunnel.receive(from); bye || err != nil {
				break
			}
		}
		tunnel.arrivals.Forget()
	})
}

func FuzzDecompress(f *testing.F) {
	var compressor Compressor
	compressor.Add([]byte(strings.Repeat("some data, again and again. ", 500)))
	compressor.Flush()
	f.Add(bytes.Clone(compressor.out), 17)
	f.Add([]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0x50, 1, 0, 0}, 3)
	f.Add([]byte("garbage"), 2)
	f.Fuzz(func(t *testing.T, input []byte, cut int) {
		var pieces [][]byte
		for size := max(1, cut%1000); len(input) > 0; {
			n := min(size, len(input))
			pieces = append(pieces, input[:n])
			input = input[n:]
		}
		next := func() ([]byte, error) {
			if len(pieces) == 0 {
				return nil, io.ErrUnexpectedEOF
			}
			piece := pieces[0]
			pieces = pieces[1:]
			return piece, nil
		}
		decompressor := NewDecompressor(next)
		defer decompressor.Close()
		given := 0
		for {
			piece, err := next()
			if err != nil {
				return
			}
			enough := errors.New("enough")
			err = decompressor.Each(piece, func(bytes []byte) error {
				if len(bytes) > zstdBlock {
					t.Errorf("%d bytes at a time", len(bytes))
				}
				if given += len(bytes); given > 64<<20 {
					return enough
				}
				return nil
			})
			if err != nil {
				return
			}
		}
	})
}

func TestCompressedPiecesComeBackAsTheyWent(t *testing.T) {
	var compressor Compressor
	defer compressor.Close()
	var payloads [][]byte
	decompressor := NewDecompressor(func() ([]byte, error) {
		if len(payloads) == 0 {
			return nil, io.ErrUnexpectedEOF
		}
		payload := payloads[0]
		payloads = payloads[1:]
		return payload, nil
	})
	defer decompressor.Close()
	way := content{seed: 5}
	offset := uint64(0)
	for _, size := range []int{1, 600, 70_000, 128 << 10, 128<<10 + 1, 3, 2 << 20, 10} {
		given := make([]byte, size)
		way.fill(given, offset)
		offset += uint64(size)
		if err := compressor.Add(given); err != nil {
			t.Fatal(err)
		}
		if err := compressor.Flush(); err != nil {
			t.Fatal(err)
		}
		for payload := compressor.Payload(true); payload != nil; payload = compressor.Payload(true) {
			if len(payload) > maxPayload {
				t.Fatalf("a payload of %d bytes", len(payload))
			}
			payloads = append(payloads, payload)
		}
		var got []byte
		for len(payloads) > 0 {
			first := payloads[0]
			payloads = payloads[1:]
			if err := decompressor.Each(first, func(bytes []byte) error {
				got = append(got, bytes...)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(got, given) {
			t.Fatalf("%d bytes of %d came back, or others", len(got), size)
		}
	}
}

func TestAFrameTwiceOrBeyondTheGrantIsRefused(t *testing.T) {
	tunnel := newBareTunnel(t, false)
	send := func(number uint64) error {
		var wire bytes.Buffer
		var header [headerSize]byte
		tunnel.theirs.Put(&header, frameData, 0, number, []byte("x"))
		wire.Write(header[:])
		wire.WriteString("x")
		_, err := tunnel.receive(&wire)
		return err
	}
	if err := send(1); err != nil {
		t.Fatal(err)
	}
	if send(1) == nil {
		t.Error("a frame came twice")
	}
	if send(firstFrames) == nil {
		t.Error("a frame beyond the grant was taken")
	}
	if err := send(0); err != nil {
		t.Fatal(err)
	}
	tunnel.arrivals.Done()
	if send(0) == nil {
		t.Error("a frame came again after its turn")
	}
}

func TestAnAckOfWhatWasNotSentIsRefused(t *testing.T) {
	tunnel := newBareTunnel(t, false)
	copy(tunnel.backlog.Room(), "abcdef")
	tunnel.backlog.Took(6)
	for _, ack := range []Ack{{Delivered: 1}, {End: true}, {Limit: 1 << 40}} {
		if tunnel.hear(frameAck, ack.Bytes()) == nil {
			t.Errorf("%+v", ack)
		}
	}
	piece, _ := tunnel.backlog.Next(4)
	if err := tunnel.hear(frameAck, Ack{Delivered: 4}.Bytes()); err != nil {
		t.Error(err)
	}
	tunnel.backlog.Done(piece)
	if tunnel.backlog.Held() != 2 || binary.Size(piece.Bytes) != 4 {
		t.Errorf("%d held", tunnel.backlog.Held())
	}
}
