package coding

import (
	"bufio"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"

	"batchfetch/fetch/failure"
)

// maxCodings bounds how many content codings one body may have, each applied to the result of the one before.
const maxCodings = 4

// plainNames are names that servers send as a content coding although they change no byte of the body: RFC 9110's
// identity, S3's aws-chunked, which the store keeps as metadata, and what belongs in other headers.
var plainNames = []string{"identity", "none", "aws-chunked", "binary", "utf-8", "utf8", "7bit", "8bit"}

// Of splits a response's Content-Encoding (RFC 9110 section 8.4) into the codings that a Reader removes, in lower case
// and the order in which they were applied, and the names that stay with the body, as they were sent: of those that
// change nothing, and of an unknown coding with all that are below it. Nil and "" are none. dcz is known where a
// Dictionary was offered, which is not nil then.
func Of(h http.Header, offered *Dictionary) (known []string, kept string) {
	values := h["Content-Encoding"]
	if len(values) == 0 {
		return nil, ""
	}
	var names, stay []string
	for _, value := range values {
		for name := range strings.SplitSeq(value, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	for i := len(names) - 1; i >= 0; i-- {
		switch name := strings.ToLower(names[i]); {
		case isKnown(name), name == DCZ && offered != nil:
			known = append(known, name)
		case slices.Contains(plainNames, name):
			stay = append(stay, names[i])
		default:
			for ; i >= 0; i-- {
				stay = append(stay, names[i])
			}
		}
	}
	slices.Reverse(known)
	slices.Reverse(stay)
	return known, strings.Join(stay, ", ")
}

// isKnown reports whether a Reader removes the coding of that name, which is in lower case.
func isKnown(name string) bool {
	switch name {
	case "gzip", "x-gzip", "br", "zstd", "deflate":
		return true
	}
	return false
}

// A Reader decodes a body. Errors of the source and of the decoders both come out of Read unchanged: whoever needs to
// tell them apart notes the source's own, as fetch does. A body that ends within a coding is io.ErrUnexpectedEOF; a
// body of no bytes is an empty body under any coding, with io.EOF. One goroutine uses it at a time.
type Reader struct {
	io.Reader
	release []func() // put decoders and buffers back into their pools
}

// NewReader returns a Reader of the bytes that source holds under codings, which Of has returned for the Dictionary
// offered; nil is none. More than maxCodings are a *failure.Failure of kind Decode. It reads nothing yet. What its
// decoders keep in memory is taken from windows, which is nil for no bound.
func NewReader(codings []string, source io.Reader, offered *Dictionary, windows Windows) (*Reader, error) {
	d := &Reader{Reader: source}
	if len(codings) > maxCodings {
		return nil, failure.New(failure.Decode, "more than %d content codings", maxCodings)
	}
	lease := leaseFor(codings, windows)
	for i := len(codings) - 1; i >= 0; i-- {
		d.Reader = d.decoder(codings[i], offered, lease)
	}
	d.release = append(d.release, lease.close)
	return d, nil
}

// Close puts the decoders back into their pools: the Reader must not be read any more. It does not close the source,
// and is called once.
func (d *Reader) Close() {
	for _, release := range d.release {
		release()
	}
}

// decoder returns a reader that removes one coding from what d reads so far.
func (d *Reader) decoder(coding string, offered *Dictionary, lease *lease) io.Reader {
	switch coding {
	case "gzip", "x-gzip":
		return d.gzipReader()
	case "br":
		b := &brotliReader{lease: lease}
		d.release = append(d.release, b.end)
		b.in = d.buffered(d.Reader, &wholePool)
		return b
	case "zstd", DCZ:
		z := &zstdReader{lease: lease}
		z.frames.largest = maxZstdWindow
		if coding == DCZ {
			z.dictionary, z.frames.largest = offered, offered.window()
		}
		d.release = append(d.release, z.end)
		z.frames.in = d.buffered(d.Reader, &wholePool)
		if coding == DCZ {
			return &dczReader{zstd: z}
		}
		return z
	}
	return &deflateReader{in: d.buffered(d.Reader, &bufferPool)}
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

// The pools of buffers and decoders, shared by all Readers.
var (
	bufferPool = sync.Pool{New: func() any { return bufio.NewReader(nil) }}
	wholePool  = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, wholeBody) }}
	gzipPool   = sync.Pool{New: func() any { return new(gzip.Reader) }}
)

// gzipReader returns a reader that decodes gzip (RFC 1952), of one member or several.
func (d *Reader) gzipReader() io.Reader {
	z := gzipPool.Get().(*gzip.Reader)
	d.release = append(d.release, func() { gzipPool.Put(z) })
	return &gzipMembers{in: d.buffered(d.Reader, &bufferPool), member: z}
}

// buffered returns a buffered reader of in, from a pool. Pooling saves 4 KB of garbage for each coded body
// (BenchmarkReadBody).
func (d *Reader) buffered(in io.Reader, pool *sync.Pool) *bufio.Reader {
	b := pool.Get().(*bufio.Reader)
	b.Reset(in)
	d.release = append(d.release, func() {
		b.Reset(nil)
		pool.Put(b)
	})
	return b
}
