package fetch

import (
	"encoding/hex"
	"hash"
	"io"
	"sync"

	"batchfetch/fetch/failure"
)

// A hashWriter is a body that is hashed and counted on its way to where it goes.
type hashWriter struct {
	out   io.Writer
	sum   hash.Hash
	bytes int64
	err   error // of out, to tell it from one of the network
}

func (h *hashWriter) Write(p []byte) (int, error) {
	h.sum.Write(p)
	n, err := h.out.Write(p)
	h.bytes += int64(n)
	h.err = err
	return n, err
}

// readFrom takes all that r has, up to limit bytes in all, and reports whether there was more.
func (h *hashWriter) readFrom(r io.Reader, limit int64) (more bool, err error) {
	err = copyAtMost(h, r, limit+1-h.bytes)
	return h.bytes > limit, err
}

// verify holds the hash of the whole body against the one that was asked for.
func (h *hashWriter) verify(rec *Record) error {
	h.sum.Sum(rec.SHA256[:0])
	rec.Hashed = true
	return verify(rec)
}

// verify holds the hash of a whole body against the one that was asked for.
func verify(rec *Record) error {
	if want := rec.Request.SHA256; want != "" && hex.EncodeToString(rec.SHA256[:]) != want {
		return failure.New(failure.Checksum, "sha256 is %x, not the %s asked for", rec.SHA256, want)
	}
	return nil
}

// copyBuffers hold what is on its way from the network to a file, or from a Part to its hash.
var copyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// copyAtMost copies at most so many bytes through one buffer.
func copyAtMost(into io.Writer, r io.Reader, most int64) error {
	buffer := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buffer)
	_, err := io.CopyBuffer(onlyWriter{into}, io.LimitReader(r, most), buffer[:])
	return err
}

// onlyWriter hides every other method, so that the copy goes through our buffer.
type onlyWriter struct{ io.Writer }
