package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// protocolVersion changes whenever anything on the line changes its meaning.
const protocolVersion = 1

// A hello is the first thing on every connection between two relays, from both sides:
//
//	 0  "DRBDrly\n"
//	 8  version, 2 bytes
//	10  purpose, 1 byte
//	11  zero, 1 byte
//	12  length of what follows up to the checksum, 2 bytes
//	14  the connection that is carried, 16 bytes
//	30  the settings, as text
//	..  CRC-32C of everything before, 4 bytes
//
// The first 14 bytes stay as they are in every version, so that two versions can tell each other.
const (
	helloMagic  = "DRBDrly\n"
	helloPrefix = 14
	longestText = 1024
)

// Purpose says what a connection between relays is for, or answers that.
type Purpose uint8

const (
	purposeGreet Purpose = 1 // compare the settings, then say now and then that somebody is there
	purposeOpen  Purpose = 2 // carry a connection that DRBD has opened
	purposeJoin  Purpose = 3 // one more stream for a connection that is carried

	answerYes      Purpose = 128
	answerDiffers  Purpose = 129 // version or settings
	answerNoDRBD   Purpose = 130 // DRBD does not listen there
	answerBusy     Purpose = 131 // too many connections are carried
	answerStopping Purpose = 132
	answerUnknown  Purpose = 133 // no such connection to join
)

// Why says what an answer means, for a log.
func (p Purpose) Why() string {
	switch p {
	case answerDiffers:
		return "it says that the settings differ"
	case answerNoDRBD:
		return "DRBD does not listen there"
	case answerBusy:
		return "it carries too many connections already"
	case answerStopping:
		return "it is being stopped"
	case answerUnknown:
		return "it does not know the connection any more"
	}
	return fmt.Sprintf("it answers %d", p)
}

// ConnectionID names a carried connection on both relays. The one that opens it makes it by chance.
type ConnectionID [16]byte

// NewConnectionID makes one.
func NewConnectionID() (id ConnectionID) {
	// It never fails on Linux.
	_, _ = rand.Read(id[:])
	return id
}

// Hello is what was said.
type Hello struct {
	Purpose    Purpose
	Connection ConnectionID
	Settings   string
}

// OtherVersion is a peer of another version. Nothing else of what it says is read.
type OtherVersion struct{ Version uint16 }

func (e OtherVersion) Error() string {
	return fmt.Sprintf("the protocol's version is %d here and %d there", protocolVersion, e.Version)
}

// WriteHello says a hello.
func WriteHello(to io.Writer, hello Hello) error {
	if len(hello.Settings) > longestText {
		return errors.New("the settings are too long to be said")
	}
	bytes := append([]byte(nil), helloMagic...)
	bytes = binary.BigEndian.AppendUint16(bytes, protocolVersion)
	bytes = append(bytes, byte(hello.Purpose), 0)
	bytes = binary.BigEndian.AppendUint16(bytes, uint16(len(hello.Connection)+len(hello.Settings)))
	bytes = append(bytes, hello.Connection[:]...)
	bytes = append(bytes, hello.Settings...)
	bytes = binary.BigEndian.AppendUint32(bytes, crc32.Checksum(bytes, castagnoli))
	_, err := to.Write(bytes)
	return err
}

// ReadHello reads one. It takes a fixed amount of memory, whatever the other side says.
func ReadHello(from io.Reader) (Hello, error) {
	var bytes [helloPrefix + 16 + longestText + 4]byte
	if _, err := io.ReadFull(from, bytes[:helloPrefix]); err != nil {
		return Hello{}, fmt.Errorf("no hello: %w", err)
	}
	if string(bytes[:len(helloMagic)]) != helloMagic {
		return Hello{}, errors.New("what speaks there is no relay")
	}
	if version := binary.BigEndian.Uint16(bytes[8:]); version != protocolVersion {
		return Hello{}, OtherVersion{version}
	}
	length := int(binary.BigEndian.Uint16(bytes[12:]))
	if length < 16 || length > 16+longestText {
		return Hello{}, fmt.Errorf("a hello of %d bytes", length)
	}
	end := helloPrefix + length
	if _, err := io.ReadFull(from, bytes[helloPrefix:end+4]); err != nil {
		return Hello{}, fmt.Errorf("half a hello: %w", err)
	}
	if crc32.Checksum(bytes[:end], castagnoli) != binary.BigEndian.Uint32(bytes[end:]) {
		return Hello{}, fmt.Errorf("%w: the hello has another checksum", ErrChanged)
	}
	hello := Hello{Purpose: Purpose(bytes[10]), Settings: string(bytes[helloPrefix+16 : end])}
	copy(hello.Connection[:], bytes[helloPrefix:])
	return hello, nil
}
