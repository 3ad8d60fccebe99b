/*
Package coding removes content codings from a response body: gzip, br, zstd and deflate (RFC 9110 section 8.4).

	Of(header) ─▷ codings ─▷ NewReader(codings, body) ─▷ Read decoded bytes ─▷ Close

Decoders are pooled, so a coded body costs few allocations. The package does not bound how much a body decodes to: its
caller does. It knows no connection, file or clock. Of our packages it imports failure alone.
*/
package coding

import (
	"bufio"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"batchfetch/fetch/failure"
)

// maxCodings bounds how many content codings one body may have, each applied to the result of the one before.
const maxCodings = 4

// maxZstdWindow is the largest window, in bytes, that a zstd body may require (RFC 9659 section 3).
const maxZstdWindow = 8 << 20

// Of returns the content codings of a response's Content-Encoding, in lower case and the order in which they were
// applied (RFC 9110 section 8.4). identity is left out; nil means that the body is not coded.
func Of(h http.Header) []string {
	values := h["Content-Encoding"]
	if len(values) == 0 {
		return nil
	}
	var codings []string
	for _, value := range values {
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.ToLower(strings.TrimSpace(word)); word != "" && word != "identity" {
				codings = append(codings, word)
			}
		}
	}
	return codings
}

// A Reader decodes a body. Errors of the source and of the decoders both come out of Read unchanged: whoever needs to
// tell them apart notes the source's own, as fetch does. A body that ends within a coding is io.ErrUnexpectedEOF; a
// body of no bytes is an empty body under any coding, with io.EOF. One goroutine uses it at a time.
type Reader struct {
	io.Reader
	release []func() // put decoders and buffers back into their pools
}

// NewReader returns a Reader of the bytes that source holds under codings, which are in the order of Of. An unknown
// coding, and more than maxCodings, is a *failure.Failure of kind Decode. It reads nothing yet.
func NewReader(codings []string, source io.Reader) (*Reader, error) {
	d := &Reader{Reader: source}
	if len(codings) > maxCodings {
		return nil, failure.New(failure.Decode, "more than %d content codings", maxCodings)
	}
	for i := len(codings) - 1; i >= 0; i-- {
		layer, err := d.addDecoder(codings[i])
		if err != nil {
			d.Close()
			return nil, err
		}
		d.Reader = layer
	}
	return d, nil
}

// Close puts the decoders back into their pools: the Reader must not be read any more. It does not close the source,
// and is called once.
func (d *Reader) Close() {
	for _, release := range d.release {
		release()
	}
}

// addDecoder returns a reader that removes one coding from what d reads so far.
func (d *Reader) addDecoder(coding string) (io.Reader, error) {
	switch coding {
	case "gzip", "x-gzip":
		return d.gzipReader(), nil
	case "br":
		return d.brotliReader(), nil
	case "zstd":
		return d.zstdReader()
	case "deflate":
		return &deflateReader{in: d.buffered(d.Reader)}, nil
	}
	return nil, failure.New(failure.Decode, "unknown content coding %q", failure.Clip(coding, 32))
}

// The pools of buffers and decoders, shared by all Readers.
var (
	bufferPool = sync.Pool{New: func() any { return bufio.NewReader(nil) }}
	gzipPool   = sync.Pool{New: func() any { return new(gzip.Reader) }}
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

// gzipReader returns a reader that decodes gzip (RFC 1952), of one member or several.
func (d *Reader) gzipReader() io.Reader {
	z := gzipPool.Get().(*gzip.Reader)
	d.release = append(d.release, func() { gzipPool.Put(z) })
	return &lazyReader{in: d.buffered(d.Reader), reset: z.Reset, out: z}
}

// buffered returns a pooled buffered reader of in. Pooling saves 4 KB of garbage for each coded body
// (BenchmarkReadBody).
func (d *Reader) buffered(in io.Reader) *bufio.Reader {
	b := bufferPool.Get().(*bufio.Reader)
	b.Reset(in)
	d.release = append(d.release, func() {
		b.Reset(nil)
		bufferPool.Put(b)
	})
	return b
}

// brotliReader returns a reader that decodes br (RFC 7932).
func (d *Reader) brotliReader() io.Reader {
	z := brotliPool.Get().(*brotli.Reader)
	d.release = append(d.release, func() {
		_ = z.Reset(nil) // otherwise it would keep its source alive
		brotliPool.Put(z)
	})
	return &lazyReader{in: d.buffered(d.Reader), reset: z.Reset, out: z}
}

// zstdReader returns a reader that decodes zstd (RFC 8878).
func (d *Reader) zstdReader() (io.Reader, error) {
	z, ok := zstdPool.Get().(*zstd.Decoder)
	if !ok {
		return nil, failure.New(failure.Decode, "no zstd decoder")
	}
	d.release = append(d.release, func() {
		if z.Reset(nil) == nil {
			zstdPool.Put(z)
		}
	})
	return &lazyReader{in: d.buffered(d.Reader), reset: z.Reset, out: z}, nil
}

// A lazyReader starts its decoder once the first byte has come, so that a body of no bytes is an empty body under any
// coding.
type lazyReader struct {
	in      *bufio.Reader         // the coded bytes
	reset   func(io.Reader) error // starts the decoder on a source
	out     io.Reader             // the decoder
	started bool                  // reset has been called
}

// Read decodes into p.
func (l *lazyReader) Read(p []byte) (int, error) {
	if !l.started {
		if _, err := l.in.Peek(1); err != nil {
			return 0, err
		}
		if err := l.reset(l.in); err != nil {
			return 0, unexpectedEOF(err)
		}
		l.started = true
	}
	return l.out.Read(p)
}

// unexpectedEOF returns err, or io.ErrUnexpectedEOF for io.EOF: the body ended within the header of a coding, which
// must not be taken for the end of the decoded body.
func unexpectedEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// A deflateReader decodes both formats that servers send as deflate: zlib, as RFC 9110 section 8.4.1.2 says, and raw
// deflate (RFC 1951) without the zlib header. The first two bytes decide.
type deflateReader struct {
	in  *bufio.Reader // the coded bytes
	out io.Reader     // the decoder; nil until the first bytes have come
}

// Read decodes into p.
func (d *deflateReader) Read(p []byte) (int, error) {
	if d.out == nil {
		head, err := d.in.Peek(2)
		if len(head) == 0 {
			return 0, err
		}
		// RFC 1950 section 2.2: method 8, and a check that makes the pair a multiple of 31.
		if len(head) == 2 && head[0]&0x0f == 8 && (uint(head[0])<<8|uint(head[1]))%31 == 0 {
			z, err := zlib.NewReader(d.in)
			if err != nil {
				return 0, unexpectedEOF(err)
			}
			d.out = z
		} else {
			d.out = flate.NewReader(d.in)
		}
	}
	return d.out.Read(p)
}
