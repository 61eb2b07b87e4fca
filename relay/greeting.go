package main

import (
	"context"
	"net"
	"time"
)

const (
	greetEvery  = 2 * time.Second
	greetWithin = 10 * time.Second
)

// greet keeps one connection to the peer's relay besides those that carry something. So a difference in the settings is
// seen before DRBD connects, and the counters say whether the peer's relay is there.
func (r *Relay) greet() {
	for {
		r.greetOnce()
		select {
		case <-r.closing:
			return
		case <-time.After(greetEvery):
		}
	}
}

func (r *Relay) greetOnce() {
	ctx, cancel := context.WithTimeout(context.Background(), handshakeWithin)
	defer cancel()
	conn, err := r.meet(ctx, purposeGreet, NewConnectionID())
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetNoDelay(true)
	var byteOfIts [1]byte
	for {
		sent := time.Now()
		_ = conn.SetDeadline(sent.Add(greetWithin))
		_, err := conn.Write(byteOfIts[:])
		if err == nil {
			_, err = conn.Read(byteOfIts[:])
		}
		if err != nil {
			r.knowPeer("absent", err.Error())
			return
		}
		r.knowRoundTrip(time.Since(sent))
		select {
		case <-r.closing:
			return
		case <-time.After(greetEvery):
		}
	}
}

func (r *Relay) knowRoundTrip(roundTrip time.Duration) {
	r.mu.Lock()
	r.peer.RoundTrip = roundTrip
	r.mu.Unlock()
}

// echo answers a greeting until its sender stops.
func echo(conn *net.TCPConn) {
	defer conn.Close()
	_ = conn.SetNoDelay(true)
	var byteOfTheirs [1]byte
	for {
		_ = conn.SetDeadline(time.Now().Add(greetWithin))
		if _, err := conn.Read(byteOfTheirs[:]); err != nil {
			return
		}
		if _, err := conn.Write(byteOfTheirs[:]); err != nil {
			return
		}
	}
}
