package main

import "fmt"

// smallHolder is the number of blocks that a connection gets also when another one has filled the buffer. Without it
// DRBD's pings would wait for the data.
const smallHolder = 2

// blockSize is the unit in which a backlog takes memory.
const blockSize = 64 << 10

// Backlog holds the bytes that DRBD gave for one connection, from when they are read until the other relay says that it
// has given them to its DRBD. Offsets count the bytes of the connection from 0:
//
//	delivered ≤ sent ≤ taken
//
// It is not safe for concurrent use: the tunnel's lock guards it.
type Backlog struct {
	pool   *Pool
	blocks []*backlogBlock

	taken, sent, delivered uint64
}

type backlogBlock struct {
	Block
	start  uint64 // the offset of its first byte
	filled int
	users  int // senders that read from it now, outside of the lock
}

func (b *backlogBlock) end() uint64 { return b.start + uint64(b.filled) }

// Room returns where the next bytes may be read to, or nil when the buffer is full.
func (b *Backlog) Room() []byte {
	if last := b.last(); last != nil && last.filled < len(last.Bytes) {
		return last.Bytes[last.filled:]
	}
	block, ok := b.pool.Get(len(b.blocks), smallHolder)
	if !ok {
		return nil
	}
	b.blocks = append(b.blocks, &backlogBlock{Block: block, start: b.taken})
	return block.Bytes
}

func (b *Backlog) last() *backlogBlock {
	if len(b.blocks) == 0 {
		return nil
	}
	return b.blocks[len(b.blocks)-1]
}

// Took says that so many bytes were read into Room.
func (b *Backlog) Took(n int) {
	b.last().filled += n
	b.taken += uint64(n)
}

// TookNone gives back the room that was not needed.
func (b *Backlog) TookNone() { b.release() }

// Held is what is taken and not delivered.
func (b *Backlog) Held() uint64 { return b.taken - b.delivered }

// Unsent is what no sender has got yet.
func (b *Backlog) Unsent() uint64 { return b.taken - b.sent }

// Piece is a part of the backlog that a sender reads.
type Piece struct {
	Bytes []byte
	block *backlogBlock
}

// Next hands out the next bytes, at most max of them. Done must be called when they have been read.
func (b *Backlog) Next(max int) (Piece, bool) {
	if b.Unsent() == 0 {
		return Piece{}, false
	}
	for _, block := range b.blocks {
		if b.sent >= block.end() {
			continue
		}
		from := int(b.sent - block.start)
		to := min(block.filled, from+max)
		b.sent += uint64(to - from)
		block.users++
		return Piece{Bytes: block.Bytes[from:to], block: block}, true
	}
	panic("a backlog has bytes in none of its blocks")
}

// Done says that a piece is not read any more.
func (b *Backlog) Done(piece Piece) {
	piece.block.users--
	b.release()
}

// Delivered says that the other relay has given everything before this offset to its DRBD.
func (b *Backlog) Delivered(offset uint64) error {
	if offset > b.sent {
		return fmt.Errorf("it says that %d bytes were delivered, of %d that were sent", offset, b.sent)
	}
	if offset > b.delivered {
		b.delivered = offset
		b.release()
	}
	return nil
}

// release gives back what is delivered and not being read.
func (b *Backlog) release() {
	for len(b.blocks) > 0 {
		first := b.blocks[0]
		if first.users > 0 || first.end() > b.delivered {
			return
		}
		b.pool.Put(first.Block)
		b.blocks[0] = nil
		b.blocks = b.blocks[1:]
	}
	b.blocks = nil
}

// Forget gives everything back. No sender may read from it any more.
func (b *Backlog) Forget() {
	for _, block := range b.blocks {
		b.pool.Put(block.Block)
	}
	b.blocks = nil
}
