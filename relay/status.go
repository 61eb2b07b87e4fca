package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"time"
)

// socketName is the socket in the runtime directory on which a relay tells its counters, as JSON, to whoever connects.
const socketName = "counters.sock"

// ServeCounters listens in the directory until the relay is closed.
func (r *Relay) ServeCounters(directory string) error {
	path := filepath.Join(directory, socketName)
	// One that was left by a relay that was killed. A second relay of the same resource has failed before, because it did
	// not get the addresses.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	listener, err := net.Listen("unix", path)
	if err != nil {
		return err
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return err
	}
	go func() {
		<-r.closing
		_ = listener.Close()
	}()
	go func() {
		for {
			conn, err := listener.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				time.Sleep(100 * time.Millisecond)
				continue
			}
			// One after the other: it is short, and so nobody takes the relay's memory by asking.
			_ = conn.SetDeadline(time.Now().Add(time.Second))
			_ = r.Counters().JSON(conn)
			_ = conn.Close()
		}
	}()
	return nil
}

// AskCounters asks the relay whose runtime directory this is.
func AskCounters(directory string) (Counters, error) {
	conn, err := net.DialTimeout("unix", filepath.Join(directory, socketName), time.Second)
	if err != nil {
		return Counters{}, fmt.Errorf("no relay answers in %s: %w", directory, err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	var counters Counters
	if err := json.NewDecoder(io.LimitReader(conn, 1<<20)).Decode(&counters); err != nil {
		return Counters{}, fmt.Errorf("the relay in %s did not answer: %w", directory, err)
	}
	return counters, nil
}
