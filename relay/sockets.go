package main

import (
	"context"
	"net"
	"net/netip"
	"syscall"
	"unsafe"
)

// Socket options that Go's syscall package does not name.
const (
	tcpUserTimeout = 18
	tcpNotSentLow  = 25
	tcpCongestion  = 13
)

// unsentOnLine is how much the kernel holds that it could not send yet, of all streams of a connection together. What is
// more waits in the relay, where any stream that has room can take it. Less would leave a fast line idle until the relay
// is woken.
const unsentOnLine = 256 << 10

func listen(address netip.AddrPort) (*net.TCPListener, error) {
	var config net.ListenConfig
	// The options below are TCP's own.
	config.SetMultipathTCP(false)
	listener, err := config.Listen(context.Background(), "tcp", address.String())
	if err != nil {
		return nil, err
	}
	return listener.(*net.TCPListener), nil
}

func dial(ctx context.Context, from netip.Addr, to netip.AddrPort) (*net.TCPConn, error) {
	var dialer net.Dialer
	dialer.SetMultipathTCP(false)
	if from.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(from, 0))
	}
	conn, err := dialer.DialContext(ctx, "tcp", to.String())
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

// remoteOf is who is at the other end, an IPv4 address as such.
func remoteOf(conn *net.TCPConn) netip.Addr {
	address, _ := netip.ParseAddrPort(conn.RemoteAddr().String())
	return address.Addr().Unmap()
}

// setUpLine makes a connection to the peer's relay fit for frames. It returns the congestion control in use.
func setUpLine(conn *net.TCPConn, settings Settings) string {
	deadAfter, congestion := settings.DeadAfter, settings.Congestion
	_ = conn.SetNoDelay(true)
	_ = conn.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: deadAfter / 2, Interval: deadAfter / 4, Count: 3})
	inUse := ""
	withSocket(conn, func(fd int) {
		// Without these the relay works as well, only worse; so a kernel that refuses one is no reason to stop.
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpUserTimeout, int(deadAfter.Milliseconds()))
		_ = syscall.SetsockoptInt(fd, syscall.IPPROTO_TCP, tcpNotSentLow, unsentOnLine/settings.Streams)
		if congestion != "" {
			_ = syscall.SetsockoptString(fd, syscall.IPPROTO_TCP, tcpCongestion, congestion)
		}
		inUse = congestionOf(fd)
	})
	return inUse
}

func congestionOf(fd int) string {
	var name [16]byte
	length := uint32(len(name))
	_, _, errno := syscall.Syscall6(syscall.SYS_GETSOCKOPT, uintptr(fd), syscall.IPPROTO_TCP, tcpCongestion,
		uintptr(unsafe.Pointer(&name[0])), uintptr(unsafe.Pointer(&length)), 0)
	if errno != 0 {
		return ""
	}
	for i, char := range name {
		if char == 0 {
			return string(name[:i])
		}
	}
	return string(name[:])
}

func setUpLocal(conn *net.TCPConn) { _ = conn.SetNoDelay(true) }

// reset closes a connection so that the other end sees a reset, not an end.
func reset(conn *net.TCPConn) {
	_ = conn.SetLinger(0)
	_ = conn.Close()
}

// unread is what the kernel has received on a connection and nobody has read.
func unread(conn *net.TCPConn) int { return queueLength(conn, syscall.TIOCINQ) }

// unacknowledged is what was written on a connection and the other end's kernel does not have yet.
func unacknowledged(conn *net.TCPConn) int { return queueLength(conn, syscall.TIOCOUTQ) }

func queueLength(conn *net.TCPConn, request uintptr) (length int) {
	withSocket(conn, func(fd int) {
		var n int32
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), request, uintptr(unsafe.Pointer(&n))); errno == 0 {
			length = int(n)
		}
	})
	return length
}

// failed returns the error that waits on a connection, also when nobody reads from it.
func failed(conn *net.TCPConn) (err error) {
	withSocket(conn, func(fd int) {
		if number, _ := syscall.GetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_ERROR); number != 0 {
			err = syscall.Errno(number)
		}
	})
	return err
}

func withSocket(conn *net.TCPConn, use func(fd int)) {
	if raw, err := conn.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { use(int(fd)) })
	}
}
