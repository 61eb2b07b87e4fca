package main

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

func TestOnlyThePeersAddressIsTaken(t *testing.T) {
	p := newPair(t, testSettings(t))
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9)}}
	conn, err := dialer.Dial("tcp", p.relays[0].settings.Line.String())
	if err == nil {
		conn.SetReadDeadline(time.Now().Add(2 * time.Second))
		_, err = conn.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("a stranger got %v", err)
	}
}

func TestSilentConnectionsAreFewAndShort(t *testing.T) {
	p := newPair(t, testSettings(t))
	refused := 0
	var kept []net.Conn
	for range maxStrangers + 20 {
		conn, err := net.Dial("tcp", p.relays[0].settings.Line.String())
		if err != nil {
			refused++
			continue
		}
		t.Cleanup(func() { conn.Close() })
		conn.SetReadDeadline(time.Now().Add(20 * time.Millisecond))
		if _, err := conn.Read(make([]byte, 1)); errors.Is(err, syscall.ECONNRESET) {
			refused++
		} else {
			kept = append(kept, conn)
		}
	}
	if len(kept) > maxStrangers || refused < 20 {
		t.Errorf("%d silent connections are kept, %d were refused", len(kept), refused)
	}
	if testing.Short() {
		return
	}
	kept[len(kept)-1].SetReadDeadline(time.Now().Add(handshakeWithin + 3*time.Second))
	if _, err := kept[len(kept)-1].Read(make([]byte, 1)); errors.Is(err, syscall.EAGAIN) || err == nil {
		t.Errorf("one that says nothing is kept: %v", err)
	}
	here, there := p.connect(1)
	here.Write([]byte("x"))
	if _, err := io.ReadFull(there, make([]byte, 1)); err != nil {
		t.Error(err)
	}
}

func TestIPv6(t *testing.T) {
	free := func() netip.AddrPort {
		listener, err := net.Listen("tcp", "[::1]:0")
		if err != nil {
			t.Skip("this machine has no IPv6 on loopback")
		}
		defer listener.Close()
		return netip.MustParseAddrPort(listener.Addr().String())
	}
	lines := [2]netip.AddrPort{free(), free()}
	p := newPair(t, testSettings(t), func(side int, settings *Settings) {
		settings.Line, settings.Peer, settings.FromDRBD = lines[side], lines[1-side], free()
	})
	here, there := p.connect(0)
	if err := (content{}).send(here, 0, 1<<20, 1<<16); err != nil {
		t.Fatal(err)
	}
	here.CloseWrite()
	if got, wrong, err := (content{}).receive(there, everything); got != 1<<20 || wrong || err != io.EOF {
		t.Errorf("%d bytes, wrong %v, %v", got, wrong, err)
	}
}
