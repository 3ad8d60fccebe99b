package coding

import (
	"bufio"
	"errors"
	"io"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

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

// brotliPool has brotli.Readers for use again.
var brotliPool = sync.Pool{New: func() any { return brotli.NewReader(nil) }}

// brotliTail returns the error of a brotli.Reader for bytes behind the end of the stream, which is not exported: an
// empty stream with a byte behind it provokes it.
var brotliTail = sync.OnceValue(func() error {
	_, err := brotli.NewReader(strings.NewReader("\x06\x00")).Read(make([]byte, 1))
	return err
})
