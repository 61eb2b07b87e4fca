package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// What goes over the line is frames. A frame is a header of 24 bytes and its payload:
//
//	 0  kind, 1 byte
//	 1  flags, 1 byte
//	 2  length of the payload, 2 bytes
//	 4  zero, 4 bytes
//	 8  number, 8 bytes: the place of a data frame in its connection, which may travel over several streams
//	16  CRC-32C of the payload
//	20  CRC-32C of the 20 bytes before
//
// Numbers are big-endian. Both checksums start from one of the connection's identity and the direction, so that a frame
// of another connection does not pass. The header has one of its own because its length decides how much is read.
const headerSize = 24

// maxPayload is the most that a frame carries.
const maxPayload = 32 << 10

// FrameKind says what a frame is.
type FrameKind uint8

const (
	frameData    FrameKind = 1 + iota // the next bytes of the connection
	frameEnd                          // DRBD closed its end; the payload is the connection's length in bytes
	frameAck                          // what was delivered, and how far the sender may go
	framePing                         // somebody is there
	frameMore                         // the side that opened the connection should open its other streams
	frameDrain                        // take no more from DRBD, as far as the payload says
	frameDrained                      // the answer: where the connection stopped
	frameBye                          // nothing follows on this stream
	frameKinds
)

// flagCompressed: the payload is a part of the connection's zstd stream.
const flagCompressed = 1

// Header is a frame's, without its payload.
type Header struct {
	Kind    FrameKind
	Flags   uint8
	Length  int
	Number  uint64
	Payload uint32 // its checksum
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Seal makes and checks the checksums of one direction of one connection.
type Seal uint32

// NewSeal: what the side that opened the connection sends has another seal than what the other one sends.
func NewSeal(connection ConnectionID, fromOpener bool) Seal {
	direction := byte(0)
	if fromOpener {
		direction = 1
	}
	return Seal(crc32.Update(crc32.Checksum(connection[:], castagnoli), castagnoli, []byte{direction}))
}

func (s Seal) of(bytes []byte) uint32 { return crc32.Update(uint32(s), castagnoli, bytes) }

// Put writes the header of a frame with this payload.
func (s Seal) Put(into *[headerSize]byte, kind FrameKind, flags uint8, number uint64, payload []byte) {
	into[0] = byte(kind)
	into[1] = flags
	binary.BigEndian.PutUint16(into[2:], uint16(len(payload)))
	binary.BigEndian.PutUint32(into[4:], 0)
	binary.BigEndian.PutUint64(into[8:], number)
	binary.BigEndian.PutUint32(into[16:], s.of(payload))
	binary.BigEndian.PutUint32(into[20:], s.of(into[:20]))
}

// ErrChanged: bytes are not those that were sent.
var ErrChanged = errors.New("bytes were changed on the way")

// ParseHeader reads a header and refuses whatever this version does not send.
func (s Seal) ParseHeader(from *[headerSize]byte) (Header, error) {
	if s.of(from[:20]) != binary.BigEndian.Uint32(from[20:]) {
		return Header{}, fmt.Errorf("%w: a frame's header has another checksum", ErrChanged)
	}
	header := Header{
		Kind:    FrameKind(from[0]),
		Flags:   from[1],
		Length:  int(binary.BigEndian.Uint16(from[2:])),
		Number:  binary.BigEndian.Uint64(from[8:]),
		Payload: binary.BigEndian.Uint32(from[16:]),
	}
	switch {
	case header.Kind == 0 || header.Kind >= frameKinds:
		return Header{}, fmt.Errorf("a frame of the unknown kind %d", header.Kind)
	case header.Flags&^flagCompressed != 0, header.Flags != 0 && header.Kind != frameData:
		return Header{}, fmt.Errorf("a frame with unknown flags %#x", header.Flags)
	case header.Length > maxPayload:
		return Header{}, fmt.Errorf("a frame of %d bytes", header.Length)
	case header.Kind == frameData && header.Length == 0:
		return Header{}, errors.New("an empty data frame")
	case header.Kind != frameData && header.Length != controlLength[header.Kind]:
		return Header{}, fmt.Errorf("a frame of kind %d with %d bytes", header.Kind, header.Length)
	}
	return header, nil
}

// CheckPayload compares the payload's checksum.
func (s Seal) CheckPayload(header Header, payload []byte) error {
	if s.of(payload) != header.Payload {
		return fmt.Errorf("%w: a frame's payload has another checksum", ErrChanged)
	}
	return nil
}

// The payloads of the frames that carry no data.
var controlLength = [frameKinds]int{frameEnd: 8, frameAck: 17, frameDrain: 1, frameDrained: 10}

// longestControl is the longest of them.
const longestControl = 17

// Ack is what a receiver tells.
type Ack struct {
	Delivered uint64 // bytes that its DRBD has
	Limit     uint64 // the number of the first frame that may not be sent yet
	End       bool   // DRBD there has all of it, and was told the end
}

// Bytes is the payload.
func (a Ack) Bytes() []byte {
	payload := binary.BigEndian.AppendUint64(nil, a.Delivered)
	payload = binary.BigEndian.AppendUint64(payload, a.Limit)
	return append(payload, bit(a.End))
}

// ParseAck reads the payload; the header has checked its length.
func ParseAck(payload []byte) Ack {
	return Ack{
		Delivered: binary.BigEndian.Uint64(payload),
		Limit:     binary.BigEndian.Uint64(payload[8:]),
		End:       payload[16] != 0,
	}
}

// DrainStage says how much of a connection is stopped.
type DrainStage uint8

const (
	// drainNot: it is not.
	drainNot DrainStage = iota
	// drainBulk: a direction with a backlog takes no more. The others go on: they carry the pings, without which DRBD
	// would give up.
	drainBulk
	// drainAll: nothing more is taken.
	drainAll
)

// Drained answers drainBulk and drainAll.
type Drained struct {
	Stage   DrainStage
	Stopped bool
	Taken   uint64 // where it stopped
}

// Bytes is the payload.
func (d Drained) Bytes() []byte {
	return binary.BigEndian.AppendUint64([]byte{byte(d.Stage), bit(d.Stopped)}, d.Taken)
}

// ParseDrained reads the payload; the header has checked its length.
func ParseDrained(payload []byte) Drained {
	return Drained{Stage: DrainStage(payload[0]), Stopped: payload[1] != 0, Taken: binary.BigEndian.Uint64(payload[2:])}
}

func bit(set bool) byte {
	if set {
		return 1
	}
	return 0
}
