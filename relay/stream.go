package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Stream is one of the connections to the peer's relay over which a Tunnel goes.
type Stream struct {
	conn       *net.TCPConn
	congestion string
}

// addStream starts to use one more connection. It returns false when it is too late.
func (t *Tunnel) addStream(conn *net.TCPConn) bool {
	stream := &Stream{conn: conn, congestion: setUpLine(conn, t.relay.settings)}
	if wanted := t.relay.settings.Congestion; wanted != "" && stream.congestion != wanted {
		t.relay.log.sayOnce("congestion", "the kernel gives %s and not %s on the line: load its module, and allow it in "+
			"net.ipv4.tcp_allowed_congestion_control", stream.congestion, wanted)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed || len(t.streams) >= t.relay.settings.Streams {
		return false
	}
	t.streams = append(t.streams, stream)
	t.open += 2
	t.heard.Store(int64(time.Since(t.began)))
	t.routines.Add(2)
	go t.sendLoop(stream)
	go t.receiveLoop(stream)
	if t.backlog.Unsent() > bulk {
		t.wantStreams()
	}
	return true
}

// streamEnded counts the directions of streams that ended in order; with the last of them the connection is done.
func (t *Tunnel) streamEnded() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.open--
	if t.open == 0 {
		t.end(errors.New("the peer's relay ended it too early"))
	}
}

func (t *Tunnel) sendLoop(stream *Stream) {
	defer t.routines.Done()
	var header [headerSize]byte
	small := make([]byte, 0, headerSize+smallFrame)
	for {
		frame, ok := t.next()
		if !ok {
			return
		}
		t.ours.Put(&header, frame.kind, frame.flags, frame.number, frame.payload)
		var err error
		if len(frame.payload) <= smallFrame {
			_, err = stream.conn.Write(append(append(small, header[:]...), frame.payload...))
		} else {
			_, err = (&net.Buffers{header[:], frame.payload}).WriteTo(stream.conn)
		}
		t.sent(frame)
		if err != nil {
			t.fail(fmt.Errorf("the line to the peer's relay: %w", err))
			return
		}
		t.relay.lineSent.Add(uint64(headerSize + len(frame.payload)))
		if frame.kind == frameBye {
			_ = stream.conn.CloseWrite()
			t.streamEnded()
			return
		}
	}
}

// smallFrame is copied behind its header, which is cheaper than to hand over two pieces.
const smallFrame = 4 << 10

func (t *Tunnel) receiveLoop(stream *Stream) {
	defer t.routines.Done()
	from := bufio.NewReaderSize(stream.conn, headerSize+smallFrame)
	for {
		bye, err := t.receive(from)
		if err != nil {
			if errors.Is(err, ErrChanged) {
				t.relay.changed.Add(1)
			}
			t.fail(fmt.Errorf("from the peer's relay: %w", err))
			return
		}
		if bye {
			t.streamEnded()
			return
		}
	}
}

// receive reads one frame and says whether it was the last.
func (t *Tunnel) receive(from io.Reader) (bye bool, err error) {
	var bytes [headerSize]byte
	if _, err := io.ReadFull(from, bytes[:]); err != nil {
		if err == io.EOF {
			err = errors.New("it closed the line")
		}
		return false, err
	}
	header, err := t.theirs.ParseHeader(&bytes)
	if err != nil {
		return false, err
	}
	t.heard.Store(int64(time.Since(t.began)))
	t.relay.lineReceived.Add(uint64(headerSize + header.Length))

	if header.Kind == frameData || header.Kind == frameEnd {
		arrival, err := t.claim(header.Number)
		if err != nil {
			return false, err
		}
		payload := arrival.block.Bytes[:header.Length]
		if _, err := io.ReadFull(from, payload); err != nil {
			return false, err
		}
		if err := t.theirs.CheckPayload(header, payload); err != nil {
			return false, err
		}
		t.arrived(arrival, header)
		return false, nil
	}

	var control [longestControl]byte
	payload := control[:header.Length]
	if _, err := io.ReadFull(from, payload); err != nil {
		return false, err
	}
	if err := t.theirs.CheckPayload(header, payload); err != nil {
		return false, err
	}
	return header.Kind == frameBye, t.hear(header.Kind, payload)
}

// retryStreams is how long a stream that could not be opened is left alone.
const retryStreams = 5 * time.Second

// openStreams opens the streams beyond the first. A stream that cannot be opened is no failure: the others carry all
// meanwhile.
func (r *Relay) openStreams(t *Tunnel) {
	for {
		t.mu.Lock()
		missing := r.settings.Streams - len(t.streams)
		t.mu.Unlock()
		if missing == 0 {
			return
		}
		var opened sync.WaitGroup
		for range missing {
			opened.Add(1)
			go func() {
				defer opened.Done()
				r.openStream(t)
			}()
		}
		opened.Wait()
		select {
		case <-t.ending:
			return
		case <-time.After(retryStreams):
		}
	}
}

func (r *Relay) openStream(t *Tunnel) {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeWithin)
	defer cancel()
	conn, err := r.meet(ctx, purposeJoin, t.id)
	if err != nil {
		r.log.sayOnce("stream", "one more stream to the peer's relay: %v", err)
		return
	}
	if !t.addStream(conn) {
		reset(conn)
	}
}
