package coding

import (
	"bufio"
	"errors"
	"io"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
)

// Windows is a budget for the memory of decoders that keep a window of what they have decoded: zstd and br. A nil
// Windows is no bound. Any goroutine may use it.
type Windows interface {
	// Acquire returns once n bytes are free, and takes them. n is at most MaxWindows. Its error ends the Reader.
	Acquire(n int64) error
	// Release gives n bytes back.
	Release(n int64)
}

// The largest windows of one body, in bytes: RFC 9659 section 3, and RFC 7932 section 9.1. MaxWindows is the most that
// a Reader acquires, with several codings on a body, or a Dictionary whose windows may be larger.
const (
	maxZstdWindow   = 8 << 20
	maxBrotliWindow = 16 << 20
	MaxWindows      = 32 << 20
)

// besideWindow is what a decoder needs beside its window, in bytes, at most: its tables, and room for two blocks.
const besideWindow = 512 << 10

// mostPooled is the largest window with which a decoder goes back to its pool.
const mostPooled = 2 << 20

// wholeBody is how many bytes of a coded body are awaited before its window is acquired, so that one which is smaller
// holds the window no longer than it takes to decode it.
const wholeBody = 64 << 10

// A lease is what one Reader has acquired of a budget. One goroutine uses it. A body with several decoders acquires all
// of their windows at once: two that each held one and waited for the next could wait for each other.
type lease struct {
	windows Windows // nil is no budget
	held    int64   // bytes
	fixed   int64   // bytes that are acquired at once; 0: each window is acquired by itself
}

// acquire acquires a decoder's window.
func (l *lease) acquire(window int64) error {
	n := min(window+besideWindow, MaxWindows)
	if l.fixed > 0 {
		if n = l.fixed; l.held > 0 {
			return nil
		}
	}
	if l.windows != nil {
		if err := l.windows.Acquire(n); err != nil {
			return err
		}
	}
	l.held = n
	return nil
}

// release gives back what acquire took, once its decoder has ended.
func (l *lease) release() {
	if l.fixed == 0 {
		l.close()
	}
}

// close gives back all.
func (l *lease) close() {
	if l.held > 0 && l.windows != nil {
		l.windows.Release(l.held)
	}
	l.held = 0
}

// leaseFor returns the lease for a body under codings.
func leaseFor(codings []string, windows Windows) *lease {
	l := &lease{windows: windows}
	most := map[string]int64{"zstd": maxZstdWindow + besideWindow, "br": maxBrotliWindow + besideWindow,
		DCZ: MaxWindows}
	decoders, sum := 0, int64(0)
	for _, coding := range codings {
		if n := most[coding]; n > 0 {
			decoders++
			sum += n
		}
	}
	if decoders > 1 {
		l.fixed = min(sum, MaxWindows)
	}
	return l
}

// A brotliReader decodes br (RFC 7932) up to the end of the stream: what follows it is ignored.
type brotliReader struct {
	in      *bufio.Reader // the coded bytes
	lease   *lease
	out     *brotli.Reader // nil before the first byte, and behind the end
	window  int64          // bytes, as the stream announces it
	decoded int64          // bytes
	ended   error          // of the last Read; nil: not yet
}

// Read decodes into p.
func (b *brotliReader) Read(p []byte) (int, error) {
	if b.ended != nil {
		return 0, b.ended
	}
	if b.out == nil {
		head, err := b.in.Peek(wholeBody)
		if len(head) == 0 {
			return 0, err
		}
		b.window = brotliWindow(head[0])
		if err := b.lease.acquire(b.window); err != nil {
			return 0, err
		}
		b.out = brotliPool.Get().(*brotli.Reader)
		if err := b.out.Reset(b.in); err != nil {
			return 0, unexpectedEOF(err)
		}
	}
	n, err := b.out.Read(p)
	b.decoded += int64(n)
	if err != nil {
		if errors.Is(err, brotliTail()) {
			err = io.EOF
		}
		b.ended = err
		b.end()
	}
	return n, err
}

// end drops the decoder. One whose ring buffer may be large is left to the garbage collector: it is as large as its
// window, or twice what it has decoded of a stream that is whole.
func (b *brotliReader) end() {
	if b.out == nil {
		return
	}
	if b.window <= mostPooled || b.ended == io.EOF && b.decoded <= mostPooled/2 {
		_ = b.out.Reset(nil) // otherwise it would keep its source alive
		brotliPool.Put(b.out)
	}
	b.out = nil
	b.lease.release()
}

// brotliWindow returns the window, in bytes, that the first byte of a stream announces (RFC 7932 section 9.1).
func brotliWindow(first byte) int64 {
	switch low, high := first>>1&7, first>>4&7; {
	case first&1 == 0:
		return 1 << 16
	case low != 0:
		return 1 << (17 + low)
	case high == 0:
		return 1 << 17
	default:
		return 1 << (8 + high)
	}
}

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

// zstdWindow returns the window that the frame at the start of head needs, in bytes, at most largest: one that needs
// more is refused by the decoder. It is 0 for what is no whole header of a frame.
func zstdWindow(head []byte, largest int64) int64 {
	var h zstd.Header
	if h.Decode(head) != nil || h.Skippable {
		return 0
	}
	window := h.WindowSize
	if h.SingleSegment {
		window = h.FrameContentSize
	}
	return int64(min(window, uint64(largest))) //nolint:gosec // small
}

// The decoders that lease windows, for use again.
var (
	brotliPool = sync.Pool{New: func() any { return brotli.NewReader(nil) }}
	zstdPool   = sync.Pool{New: func() any {
		decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1),
			zstd.WithDecoderMaxWindow(maxZstdWindow), zstd.WithDecoderLowmem(true))
		if err != nil {
			return err // impossible: the options are constants
		}
		return decoder
	}}
)
