package main

import (
	"errors"
	"fmt"
	"sync"
)

// maxWindowFrames is the most frames of a connection that are under way or wait for their turn.
const maxWindowFrames = 4096

// firstFrames may be sent on every connection before the receiver has granted more.
const firstFrames = 8

// Credit is the receiving memory of the whole relay. A connection is promised frames before they are sent, and only as
// many as there is memory for, so what arrives always has a place.
type Credit struct {
	pool   *Pool
	window int // the most that one connection gets

	mu       sync.Mutex
	promised int // beyond each connection's first frames
}

// NewCredit has memory for so many frames beyond the first ones of every connection.
func NewCredit(windowBytes int) (*Credit, error) {
	window := min(max(windowBytes/maxPayload, firstFrames), maxWindowFrames)
	pool, err := NewPool(maxPayload, window*3/2+firstFrames*maxTunnels, 0)
	if err != nil {
		return nil, err
	}
	return &Credit{pool: pool, window: window}, nil
}

// more promises a connection that has so many frames as many as it may get: two thirds of what is left.
func (c *Credit) more(has int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := c.pool.Blocks() - firstFrames*maxTunnels - c.promised
	grant := min(c.window-has, (left+1)*2/3)
	if grant < 0 {
		return 0
	}
	c.promised += grant
	return grant
}

func (c *Credit) back(frames int) {
	c.mu.Lock()
	c.promised -= frames
	c.mu.Unlock()
}

// Arrival is a frame that has come.
type Arrival struct {
	block  Block
	length int
	flags  uint8
	end    bool
	total  uint64 // of an end: the connection's length

	state arrivalState
}

type arrivalState uint8

const (
	arrivalNone arrivalState = iota
	arrivalClaimed
	arrivalReady
)

func (a *Arrival) payload() []byte { return a.block.Bytes[:a.length] }

// Arrivals puts the frames of a connection back into order. Not safe for concurrent use: the tunnel's lock guards it.
type Arrivals struct {
	credit   *Credit
	frames   map[uint64]*Arrival
	next     uint64 // the number of the frame whose turn it is
	promised int    // how many frames from next on may be sent
	limit    uint64 // what was granted: frames below it
	highest  uint64 // one beyond the highest frame that came
	bytes    int    // that came since the last grant
	held     int
}

// NewArrivals begins at frame 0.
func NewArrivals(credit *Credit) *Arrivals {
	return &Arrivals{credit: credit, frames: map[uint64]*Arrival{}, promised: firstFrames, limit: firstFrames}
}

var errNotGranted = errors.New("a frame that was not granted")

// Claim gives a place to the frame of this number, before its payload is read.
func (a *Arrivals) Claim(number uint64) (*Arrival, error) {
	if number < a.next || number >= a.limit {
		return nil, fmt.Errorf("%w: number %d, granted are %d to %d", errNotGranted, number, a.next, a.limit)
	}
	if a.frames[number] != nil {
		return nil, fmt.Errorf("frame %d came twice", number)
	}
	block, ok := a.credit.pool.Get(0, 1)
	if !ok {
		return nil, errors.New("no memory for a frame that was granted: this is a bug of the relay")
	}
	arrival := &Arrival{block: block, state: arrivalClaimed}
	a.frames[number] = arrival
	a.held++
	a.highest = max(a.highest, number+1)
	return arrival, nil
}

// Ready returns the frame whose turn it is, when it has come.
func (a *Arrivals) Ready() *Arrival {
	if arrival := a.frames[a.next]; arrival != nil && arrival.state == arrivalReady {
		return arrival
	}
	return nil
}

// Done says that the frame whose turn it was is through.
func (a *Arrivals) Done() {
	arrival := a.frames[a.next]
	delete(a.frames, a.next)
	a.credit.pool.Put(arrival.block)
	a.held--
	a.bytes += arrival.length
	a.next++
}

// Grant raises the limit to what the memory allows and returns it. The window grows when a good part of it was used, and
// used for data: a connection that only carries pings shall not keep memory from the others.
func (a *Arrivals) Grant() uint64 {
	if int(a.limit-a.highest) < a.promised/2 && a.bytes > blockSize {
		a.promised += a.credit.more(a.promised)
	}
	a.bytes = 0
	if limit := a.next + uint64(a.promised); limit > a.limit {
		a.limit = limit
	}
	return a.limit
}

// Forget gives everything back. No stream may read into a claimed frame any more.
func (a *Arrivals) Forget() {
	for number, arrival := range a.frames {
		a.credit.pool.Put(arrival.block)
		delete(a.frames, number)
	}
	a.held = 0
	a.credit.back(a.promised - firstFrames)
	a.promised = firstFrames
}
