package coding

import (
	"errors"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// A zstdReader decodes zstd (RFC 8878), frame by frame.
type zstdReader struct {
	frames     zstdFrames
	lease      *lease
	dictionary *Dictionary   // nil is none
	out        *zstd.Decoder // nil before the first byte, before a frame with a larger window, and behind the end
	window     int64         // of out, at most
	ended      error         // nil: not yet
}

// Read decodes into p.
func (z *zstdReader) Read(p []byte) (int, error) {
	for z.ended == nil {
		if z.out == nil {
			if err := z.start(); err != nil {
				return 0, err
			}
		}
		n, err := z.out.Read(p)
		if err == nil {
			return n, nil
		}
		grows := err == io.EOF && z.frames.needs > z.window
		z.end()
		if !grows {
			z.ended = err
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
	return 0, z.ended
}

// start acquires the window of the next frame, and a decoder.
func (z *zstdReader) start() error {
	head, err := z.frames.in.Peek(wholeBody)
	if len(head) == 0 {
		return err
	}
	z.window = max(z.frames.needs, zstdWindow(head, z.frames.largest))
	if err := z.lease.acquire(z.window); err != nil {
		return err
	}
	z.frames.allowed = z.window
	if z.out, err = z.decoder(); err != nil {
		return err
	}
	return unexpectedEOF(z.out.Reset(&z.frames))
}

// decoder returns a decoder: from the pool, or one with the dictionary, which does not go there.
func (z *zstdReader) decoder() (*zstd.Decoder, error) {
	if z.dictionary != nil {
		return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(uint64(z.frames.largest)), zstd.WithDecoderDictRaw(0, z.dictionary.Content))
	}
	decoder, ok := zstdPool.Get().(*zstd.Decoder)
	if !ok {
		return nil, errors.New("no zstd decoder") // impossible: the options are constants
	}
	return decoder, nil
}

// end drops the decoder. One with a large window is left to the garbage collector.
func (z *zstdReader) end() {
	if z.out == nil {
		return
	}
	if z.dictionary != nil {
		z.out.Close()
	} else if z.window <= mostPooled && z.out.Reset(nil) == nil {
		zstdPool.Put(z.out)
	}
	z.out = nil
	z.lease.release()
}

// zstdPool has zstd.Decoders for use again.
var zstdPool = sync.Pool{New: func() any {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderLowmem(true))
	if err != nil {
		return err // impossible: the options are constants
	}
	return decoder
}}
