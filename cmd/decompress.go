package cmd

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// decompressAs returns the content of f, which is of gzip or zstd as its ending says. An error means that it does not
// begin so. A zstd window may take up to 128 MiB.
func decompressAs(f io.ReadCloser, ending string) (io.ReadCloser, error) {
	if ending == ".gz" {
		z, err := newGzipReader(f)
		if err != nil {
			return nil, fmt.Errorf("not a gzip file: %w", err)
		}
		return layeredReader{z, []io.Closer{f}}, nil
	}
	in := &lastBytesReader{in: f}
	z, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
	if err != nil {
		return nil, fmt.Errorf("not a zstd file: %w", err)
	}
	return layeredReader{&zstdReader{z: z, in: in}, []io.Closer{z.IOReadCloser(), f}}, nil
}

// A layeredReader closes a reader together with what it reads from.
type layeredReader struct {
	io.Reader
	closers []io.Closer
}

func (r layeredReader) Close() error {
	var failed []error
	for _, closer := range r.closers {
		failed = append(failed, closer.Close())
	}
	return errors.Join(failed...)
}

// errGarbage is the error of a compressed input behind whose end something else follows: what came before is whole.
var errGarbage = errors.New("garbage follows the end of the compressed data")

// A gzipReader decompresses gzip members, one after the other (RFC 1952 section 2.2). Zeros behind a member, as tapes
// and disk images pad files, are none, as for gzip(1).
type gzipReader struct {
	in *bufio.Reader
	z  *gzip.Reader // of the current member alone
}

func newGzipReader(in io.Reader) (*gzipReader, error) {
	buffered := bufio.NewReaderSize(in, 64<<10)
	z, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, err
	}
	z.Multistream(false)
	return &gzipReader{buffered, z}, nil
}

func (r *gzipReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	if err == io.EOF {
		err = r.nextMember()
	}
	return n, err
}

// nextMember goes on to the next member. The error is io.EOF where there is none, and errGarbage.
func (r *gzipReader) nextMember() error {
	if err := skipZeros(r.in); err != nil {
		return err
	}
	if magic, _ := r.in.Peek(2); string(magic) != "\x1f\x8b" {
		return errGarbage
	}
	if err := r.z.Reset(r.in); err != nil {
		return err
	}
	r.z.Multistream(false)
	return nil
}

// skipZeros reads zero bytes. The error is io.EOF where nothing else follows.
func skipZeros(in *bufio.Reader) error {
	for {
		b, err := in.ReadByte()
		if err != nil {
			return err
		}
		if b != 0 {
			return in.UnreadByte()
		}
	}
}

// A zstdReader is a zstd.Decoder that takes zeros behind the last frame for padding, as gzipReader does.
type zstdReader struct {
	z     *zstd.Decoder
	in    *lastBytesReader // what z reads from, without a buffer of its own
	begun bool             // something was decompressed
}

func (r *zstdReader) Read(p []byte) (int, error) {
	n, err := r.z.Read(p)
	r.begun = r.begun || n > 0
	if !r.begun || !errors.Is(err, zstd.ErrMagicMismatch) {
		return n, err
	}
	if r.in.last != [4]byte{} {
		return n, errGarbage
	}
	if err = skipZeros(bufio.NewReader(r.in.in)); err == nil {
		err = errGarbage
	}
	return n, err
}

// A lastBytesReader has the last four bytes that were read.
type lastBytesReader struct {
	in   io.Reader
	last [4]byte
}

func (r *lastBytesReader) Read(p []byte) (int, error) {
	n, err := r.in.Read(p)
	if got := p[:n]; n >= len(r.last) {
		copy(r.last[:], got[n-len(r.last):])
	} else {
		copy(r.last[:], r.last[n:])
		copy(r.last[len(r.last)-n:], got)
	}
	return n, err
}
