package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"reflect"
	"sort"
	"strings"
	"sync"
	"time"
)

// Counters is what a relay tells about itself. "Taken", "delivered" and what is in the buffer are about the direction from
// this host's DRBD to the peer's.
type Counters struct {
	Resource string `json:"resource"`
	Version  string `json:"version"`
	Protocol int    `json:"protocol"`
	State    string `json:"state"` // running or draining

	// Empty: every byte that DRBD here has sent was given to the peer's DRBD. Exact at the moment of the answer. It is not
	// true of bytes that were dropped by a reset; DRBD sees that reset.
	Empty bool `json:"empty"`

	BufferedBytes   uint64 `json:"buffered_bytes"`    // taken, and not delivered
	UnreadBytes     uint64 `json:"unread_bytes"`      // in this host's kernel, between DRBD and the relay
	SecondsToDrain  int64  `json:"seconds_to_drain"`  // for both, at the present rate; -1 when no rate is known
	BytesPerSecond  int64  `json:"bytes_per_second"`  // how fast they are delivered; -1 when not known
	BufferLimit     int64  `json:"buffer_limit"`      // the most that is taken and not delivered
	WaitingBytes    uint64 `json:"waiting_bytes"`     // came from the peer out of order, or DRBD here does not take them yet
	MemoryMostBytes int64  `json:"memory_most_bytes"` // what the relay takes at most, sockets not included

	TakenBytes     uint64 `json:"taken_bytes"`
	DeliveredBytes uint64 `json:"delivered_bytes"`
	DroppedBytes   uint64 `json:"dropped_bytes"`  // taken and lost when their connection was reset
	ReceivedBytes  uint64 `json:"received_bytes"` // from the peer, given to DRBD here
	LineSent       uint64 `json:"line_sent_bytes"`
	LineReceived   uint64 `json:"line_received_bytes"`

	Connections int    `json:"connections"`
	Resets      uint64 `json:"resets"`         // connections that did not end in order
	Unopened    uint64 `json:"unopened"`       // connections that the peer's relay did not carry: not there, or no DRBD there
	Changed     uint64 `json:"changed_frames"` // frames whose checksum was wrong
	LastReset   string `json:"last_reset"`

	Peer          string `json:"peer"` // unknown, ok, absent or differs
	PeerMessage   string `json:"peer_message"`
	RoundTripUsec int64  `json:"round_trip_usec"` // to the peer's relay; 0 when not known
	Settings      string `json:"settings"`
	UptimeSeconds int64  `json:"uptime_seconds"`

	List []ConnectionCounters `json:"connection_list"`
}

// ConnectionCounters is about one of DRBD's connections.
type ConnectionCounters struct {
	ID         string `json:"id"`
	OpenedHere bool   `json:"opened_here"`
	State      string `json:"state"` // opening, open, closing or draining
	Taken      uint64 `json:"taken_bytes"`
	Delivered  uint64 `json:"delivered_bytes"`
	Unread     uint64 `json:"unread_bytes"`
	Received   uint64 `json:"received_bytes"`
	Waiting    int    `json:"waiting_frames"`
	Streams    int    `json:"streams"`
	Congestion string `json:"congestion"`
	Seconds    int64  `json:"age_seconds"`
}

// Counters looks at everything at one moment.
func (r *Relay) Counters() Counters {
	r.mu.Lock()
	defer r.mu.Unlock()
	counters := Counters{
		Resource: r.settings.Resource, Version: version, Protocol: protocolVersion, State: "running",
		BufferLimit: r.settings.Buffer, MemoryMostBytes: r.memoryMost(),
		TakenBytes: r.taken.Load(), DroppedBytes: r.dropped.Load(),
		ReceivedBytes: r.received.Load(), LineSent: r.lineSent.Load(), LineReceived: r.lineReceived.Load(),
		Connections: len(r.tunnels), Resets: r.resets.Load(), Unopened: r.unopened.Load(), Changed: r.changed.Load(),
		Peer: r.peer.State, PeerMessage: printableLine(r.peer.Message), RoundTripUsec: r.peer.RoundTrip.Microseconds(),
		Settings: r.settings.Agreed(), UptimeSeconds: int64(time.Since(r.began).Seconds()),
		List: []ConnectionCounters{},
	}
	if r.stopping {
		counters.State = "draining"
	}
	if last, ok := r.lastReset.Load().(string); ok {
		counters.LastReset = printableLine(last)
	}
	for _, t := range r.tunnels {
		one, held, waiting := t.counters()
		counters.BufferedBytes += held
		counters.UnreadBytes += one.Unread
		counters.WaitingBytes += waiting
		counters.List = append(counters.List, one)
	}
	sort.Slice(counters.List, func(i, j int) bool { return counters.List[i].ID < counters.List[j].ID })
	counters.DeliveredBytes = r.delivered.Load()
	left := counters.BufferedBytes + counters.UnreadBytes
	counters.Empty = left == 0
	counters.BytesPerSecond, counters.SecondsToDrain = r.rate.of(left)
	return counters
}

func (t *Tunnel) counters() (one ConnectionCounters, held, waiting uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	one = ConnectionCounters{
		ID: fmt.Sprintf("%x", t.id[:4]), OpenedHere: t.opener, State: "open",
		Taken: t.backlog.taken, Delivered: t.backlog.delivered, Unread: uint64(unread(t.local)),
		Received: t.delivered, Waiting: t.arrivals.held, Streams: len(t.streams), Seconds: int64(time.Since(t.began).Seconds()),
	}
	switch {
	case t.closed || t.localEnd || t.endGiven || t.localGone:
		one.State = "closing"
	case t.drain != drainNot:
		one.State = "draining"
	case len(t.streams) == 0:
		one.State = "opening"
	}
	if len(t.streams) > 0 {
		one.Congestion = t.streams[0].congestion
	}
	return one, t.backlog.Held(), uint64(t.arrivals.held) * maxPayload
}

// memoryMost is the buffer, the receiving memory, and what Go and the compressors need beside them.
func (r *Relay) memoryMost() int64 {
	most := int64(r.buffer.Blocks())*blockSize + int64(r.credit.pool.Blocks())*maxPayload + heapLimit
	return most
}

// heapLimit is given to Go's garbage collector. The buffers are not on its heap.
const heapLimit = 64 << 20

// Lines writes the counters as key=value, one a line, for a POSIX shell. A value has no line break; it may have spaces.
func (c Counters) Lines(to io.Writer) error {
	value := reflect.ValueOf(c)
	for i := range value.NumField() {
		key := value.Type().Field(i).Tag.Get("json")
		if key == "connection_list" {
			continue
		}
		field := value.Field(i).Interface()
		if yes, ok := field.(bool); ok {
			field = map[bool]string{true: "yes", false: "no"}[yes]
		}
		if _, err := fmt.Fprintf(to, "%s=%v\n", key, field); err != nil {
			return err
		}
	}
	return nil
}

// JSON writes all of them.
func (c Counters) JSON(to io.Writer) error {
	encoder := json.NewEncoder(to)
	encoder.SetIndent("", "  ")
	return encoder.Encode(c)
}

func printableLine(text string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// Rate is how fast bytes are delivered while there are any.
type Rate struct {
	mu        sync.Mutex
	perSecond float64
	known     bool
}

const rateEvery = 500 * time.Millisecond

func (r *Rate) follow(relay *Relay) {
	before := relay.delivered.Load()
	busyBefore := false
	for {
		select {
		case <-relay.closing:
			return
		case <-time.After(rateEvery):
		}
		now := relay.delivered.Load()
		busy := relay.held() > bulk
		// Only a whole interval with a backlog tells how fast the line is.
		if busy && busyBefore {
			r.sample(float64(now-before) / rateEvery.Seconds())
		}
		before, busyBefore = now, busy
	}
}

func (r *Rate) sample(perSecond float64) {
	const share = 0.15 // the last three seconds or so
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.known {
		r.perSecond, r.known = perSecond, true
		return
	}
	r.perSecond += share * (perSecond - r.perSecond)
}

// of returns the rate, and the seconds that so many bytes need.
func (r *Rate) of(left uint64) (perSecond, seconds int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case left == 0 && !r.known:
		return -1, 0
	case left == 0:
		return int64(r.perSecond), 0
	case !r.known || r.perSecond < 1:
		return -1, -1
	}
	return int64(r.perSecond), int64(math.Ceil(float64(left) / r.perSecond))
}

func (r *Relay) held() (held uint64) {
	for _, t := range r.all() {
		t.mu.Lock()
		held += t.backlog.Held()
		t.mu.Unlock()
	}
	return held
}
