package main

import (
	"errors"
	"io"

	"github.com/klauspost/compress/zstd"
)

// zstdWindow is how far back a repetition is found. It bounds the memory of both sides.
const zstdWindow = 1 << 20

// leastCompressed: shorter pieces that come alone go as they are. The pings are such; so the connection that carries
// them needs no memory for a compressor.
const leastCompressed = 512

// zstdBlock is the most that one block of zstd decompresses to.
const zstdBlock = 128 << 10

// Compressor turns the bytes of a connection into payloads of frames.
type Compressor struct {
	encoder *zstd.Encoder
	out     []byte
	pending bool // bytes were given that are not in the output yet
}

// Write is for the encoder.
func (c *Compressor) Write(bytes []byte) (int, error) {
	c.out = append(c.out, bytes...)
	return len(bytes), nil
}

// Add compresses more bytes. What comes out is fetched with Payload.
func (c *Compressor) Add(bytes []byte) error {
	if c.encoder == nil {
		encoder, err := zstd.NewWriter(c, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(zstdWindow),
			zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
		if err != nil {
			return err
		}
		c.encoder = encoder
	}
	c.pending = true
	_, err := c.encoder.Write(bytes)
	return err
}

// Flush makes everything come out that was added: the other side can decompress all of it.
func (c *Compressor) Flush() error {
	if !c.pending {
		return nil
	}
	c.pending = false
	return c.encoder.Flush()
}

// Payload returns the next payload, or nil: full ones, and after a Flush the rest too.
func (c *Compressor) Payload(flushed bool) []byte {
	length := min(len(c.out), maxPayload)
	if length == 0 || (length < maxPayload && !flushed) {
		return nil
	}
	payload := append([]byte(nil), c.out[:length]...)
	c.out = c.out[:copy(c.out, c.out[length:])]
	return payload
}

// Close gives the memory back.
func (c *Compressor) Close() {
	if c.encoder != nil {
		// It would write the end of a stream that nobody reads.
		c.encoder.Reset(io.Discard)
		_ = c.encoder.Close()
	}
}

// Decompressor turns compressed payloads back. It reads them from a function, one after the other, and asks for the next
// only when a block goes on there.
type Decompressor struct {
	decoder *zstd.Decoder
	more    func() ([]byte, error)
	rest    []byte
	out     []byte
}

var errMixed = errors.New("a compressed block ends in the middle")

// NewDecompressor asks `more` for the next compressed payload.
func NewDecompressor(more func() ([]byte, error)) *Decompressor { return &Decompressor{more: more} }

// Read is for the decoder.
func (d *Decompressor) Read(into []byte) (int, error) {
	for len(d.rest) == 0 {
		payload, err := d.more()
		if err != nil {
			return 0, err
		}
		d.rest = payload
	}
	n := copy(into, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

// Each decompresses a payload, and more payloads where a block goes on, and hands the bytes over.
func (d *Decompressor) Each(payload []byte, give func([]byte) error) error {
	d.rest = payload
	if d.decoder == nil {
		decoder, err := zstd.NewReader(d, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(zstdWindow), zstd.WithDecoderMaxMemory(zstdWindow))
		if err != nil {
			return err
		}
		d.decoder = decoder
		// A whole block: Read then never leaves bytes of one behind.
		d.out = make([]byte, zstdBlock)
	}
	for len(d.rest) > 0 {
		n, err := d.decoder.Read(d.out)
		if n > 0 {
			if err := give(d.out[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			if err == io.EOF {
				return errors.New("the compressed stream ends, and more follows")
			}
			return err
		}
	}
	return nil
}

// Close gives the memory back.
func (d *Decompressor) Close() {
	if d.decoder != nil {
		d.decoder.Close()
	}
}
