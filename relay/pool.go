package main

import (
	"fmt"
	"sync"
	"syscall"
)

// Pool is a fixed amount of memory in blocks of one size, outside of Go's heap: it takes what is used and no more, and
// the garbage collector neither doubles it nor looks at it. The kernel gives a page when it is first written, and takes
// it back when its block is free again.
type Pool struct {
	blockSize int
	region    []byte

	mu      sync.Mutex
	free    []int // block numbers, the last used on top
	hot     int   // how many of the free blocks, from the top, keep their pages
	reserve int   // the blocks that only a small holder gets
	waiters []func()
}

// hotBytes of free blocks keep their pages, so that a small backlog that comes and goes costs no page faults.
const hotBytes = 4 << 20

// NewPool takes address space for so many blocks; reserve of them are kept for holders of few blocks.
func NewPool(blockSize, blocks, reserve int) (*Pool, error) {
	region, err := syscall.Mmap(-1, 0, blockSize*blocks, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_PRIVATE|syscall.MAP_ANON|syscall.MAP_NORESERVE)
	if err != nil {
		return nil, fmt.Errorf("no address space for %d bytes: %w", blockSize*blocks, err)
	}
	pool := &Pool{blockSize: blockSize, region: region, reserve: reserve}
	for block := blocks - 1; block >= 0; block-- {
		pool.free = append(pool.free, block)
	}
	return pool, nil
}

// Close gives all of it back. Nobody may hold a block any more.
func (pool *Pool) Close() error { return syscall.Munmap(pool.region) }

// Block is one block that somebody holds.
type Block struct {
	number int
	Bytes  []byte
}

// Get returns a block, or false where there is none for a holder of so many. One that holds fewer than `small` may take
// from the reserve.
func (pool *Pool) Get(held, small int) (Block, bool) {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	least := 0
	if held >= small {
		least = pool.reserve
	}
	if len(pool.free) <= least {
		return Block{}, false
	}
	number := pool.free[len(pool.free)-1]
	pool.free = pool.free[:len(pool.free)-1]
	if pool.hot > 0 {
		pool.hot--
	}
	start := number * pool.blockSize
	return Block{number: number, Bytes: pool.region[start : start+pool.blockSize : start+pool.blockSize]}, true
}

// Put gives a block back and wakes who waits for one.
func (pool *Pool) Put(block Block) {
	pool.mu.Lock()
	if (pool.hot+1)*pool.blockSize > hotBytes {
		// Only tells the kernel that the content is not needed; a failure costs memory that the limit counts anyway.
		_ = syscall.Madvise(block.Bytes, syscall.MADV_DONTNEED)
		// It goes below the hot ones, which are used first.
		at := len(pool.free) - pool.hot
		pool.free = append(pool.free, 0)
		copy(pool.free[at+1:], pool.free[at:])
		pool.free[at] = block.number
	} else {
		pool.free = append(pool.free, block.number)
		pool.hot++
	}
	waiters := pool.waiters
	pool.waiters = nil
	pool.mu.Unlock()
	for _, wake := range waiters {
		wake()
	}
}

// WhenFree calls wake once, as soon as any block is given back.
func (pool *Pool) WhenFree(wake func()) {
	pool.mu.Lock()
	pool.waiters = append(pool.waiters, wake)
	pool.mu.Unlock()
}

// Free is how many blocks nobody holds.
func (pool *Pool) Free() int {
	pool.mu.Lock()
	defer pool.mu.Unlock()
	return len(pool.free)
}

// Blocks is how many there are.
func (pool *Pool) Blocks() int { return len(pool.region) / pool.blockSize }
