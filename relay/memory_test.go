package main

import (
	"bytes"
	"testing"
)

func TestBacklogKeepsWhatIsReadAndGivesBackTheRest(t *testing.T) {
	pool, err := NewPool(blockSize, 4, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	b := Backlog{pool: pool}
	fill := func() (took int) {
		for room := b.Room(); room != nil; room = b.Room() {
			for i := range room {
				room[i] = byte((b.taken + uint64(i)) / 251)
			}
			b.Took(len(room))
			took += len(room)
		}
		return took
	}
	if took := fill(); took != 4*blockSize || pool.Free() != 0 {
		t.Fatalf("%d bytes", took)
	}
	first, _ := b.Next(blockSize)
	second, _ := b.Next(blockSize / 2)
	if len(first.Bytes) != blockSize || len(second.Bytes) != blockSize/2 {
		t.Fatalf("%d, %d", len(first.Bytes), len(second.Bytes))
	}
	// Delivered while it is still being read: the memory stays.
	if err := b.Delivered(blockSize + 5); err != nil {
		t.Fatal(err)
	}
	if pool.Free() != 0 {
		t.Fatal("a block was given away while it was read")
	}
	kept := bytes.Clone(first.Bytes)
	if fill() != 0 || !bytes.Equal(kept, first.Bytes) {
		t.Fatal("it was overwritten")
	}
	b.Done(first)
	if pool.Free() != 1 {
		t.Fatal("a block was not given back")
	}
	if took := fill(); took != blockSize {
		t.Fatalf("%d bytes", took)
	}
	b.Done(second)
	for piece, ok := b.Next(1000); ok; piece, ok = b.Next(1000) {
		b.Done(piece)
	}
	if b.Delivered(b.taken+1) == nil {
		t.Error("more was delivered than there was")
	}
	if err := b.Delivered(b.taken); err != nil || b.Held() != 0 || pool.Free() != 4 {
		t.Errorf("%v, %d held, %d free", err, b.Held(), pool.Free())
	}
}

func TestPoolKeepsAReserveForSmallHolders(t *testing.T) {
	pool, err := NewPool(4096, 10, 4)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var held []Block
	for block, ok := pool.Get(len(held), 2); ok; block, ok = pool.Get(len(held), 2) {
		held = append(held, block)
	}
	if len(held) != 6 {
		t.Fatalf("a large holder got %d of 10 with a reserve of 4", len(held))
	}
	seen := map[int]bool{}
	for _, block := range held {
		seen[block.number] = true
	}
	for i := range 4 {
		block, ok := pool.Get(i%2, 2)
		if !ok || seen[block.number] {
			t.Fatal("a small holder got none, or one that another holds")
		}
		seen[block.number] = true
		held = append(held, block)
	}
	woken := 0
	pool.WhenFree(func() { woken++ })
	for _, block := range held {
		pool.Put(block)
	}
	if woken != 1 || pool.Free() != 10 {
		t.Errorf("woken %d times, %d free", woken, pool.Free())
	}
}

func TestPoolGivesPagesBack(t *testing.T) {
	const blocks = 3 * hotBytes / blockSize
	pool, err := NewPool(blockSize, blocks, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var held []Block
	for block, ok := pool.Get(0, 0); ok; block, ok = pool.Get(0, 0) {
		block.Bytes[0] = 1
		held = append(held, block)
	}
	for _, block := range held {
		pool.Put(block)
	}
	cold := 0
	for i := 0; i < len(pool.region); i += blockSize {
		if pool.region[i] == 0 {
			cold++
		}
	}
	if cold != blocks*2/3 {
		t.Errorf("%d of %d blocks have no pages", cold, blocks)
	}
}

func TestCreditNeverPromisesMoreThanThereIs(t *testing.T) {
	credit, err := NewCredit(4 << 20)
	if err != nil {
		t.Fatal(err)
	}
	defer credit.pool.Close()
	var all []*Arrivals
	promised := func() (sum int) {
		for _, arrivals := range all {
			sum += arrivals.promised
		}
		return sum
	}
	for range maxTunnels {
		arrivals := NewArrivals(credit)
		all = append(all, arrivals)
		for range 20 {
			arrivals.highest, arrivals.bytes = arrivals.limit, 1<<20
			arrivals.Grant()
		}
		if promised() > credit.pool.Blocks() {
			t.Fatalf("%d frames are promised, and there is memory for %d", promised(), credit.pool.Blocks())
		}
	}
	if all[0].promised != credit.window {
		t.Errorf("the first got %d of %d", all[0].promised, credit.window)
	}
	for _, arrivals := range all {
		arrivals.Forget()
	}
	if credit.promised != 0 {
		t.Errorf("%d frames are promised to nobody", credit.promised)
	}
}
