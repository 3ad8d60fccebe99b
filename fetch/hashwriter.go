package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/failure"
)

// A hashWriter writes a body to out, hashes it and counts its bytes.
type hashWriter struct {
	out   io.Writer
	sum   hash.Hash // SHA-256
	bytes int64     // of the whole body; those of earlier exchanges count
	err   error     // the last error of out, so that it is not taken for one of the network
}

func (h *hashWriter) Write(p []byte) (int, error) {
	h.sum.Write(p)
	n, err := h.out.Write(p)
	h.bytes += int64(n)
	h.err = err
	return n, err
}

// readFrom reads r to its end, up to limit bytes in all, and reports whether it had more.
func (h *hashWriter) readFrom(r io.Reader, limit int64) (more bool, err error) {
	err = copyAtMost(h, r, limit+1-h.bytes)
	return h.bytes > limit, err
}

// verify sets Record.SHA256 to the hash of the whole body and compares it with Request.SHA256.
func (h *hashWriter) verify(rec *Record) error {
	h.sum.Sum(rec.SHA256[:0])
	rec.Hashed = true
	return verify(rec)
}

// verify returns a Failure of Kind Checksum where Record.SHA256 is not Request.SHA256.
func verify(rec *Record) error {
	if want := rec.Request.SHA256; want != "" && !isHash(rec.SHA256[:], want) {
		return failure.New(failure.Checksum, "sha256 is %x, not the expected %s", rec.SHA256, want)
	}
	return nil
}

// isHash reports whether sum is the hash that text has in hex.
func isHash(sum []byte, text string) bool { return hex.EncodeToString(sum) == text }

// orOtherForm returns wrong, what verify has found in a whole body, unless the other form of the body has the hash
// asked for: the one as it came in, where its codings were taken off, or the one without the codings that were left on
// it. body reads the bytes that are stored; nil is that they can't be read.
func (x *exchange) orOtherForm(wrong error, rec *Record, in *wireReader, body io.Reader) error {
	switch {
	case wrong == nil:
		return nil
	case in.sum != nil && isHash(in.sum.Sum(nil), rec.Request.SHA256):
		return nil
	case len(x.leftCodings) == 0 || body == nil:
		return wrong
	}
	decoded, err := coding.NewReader(x.leftCodings, body, nil, x.windows)
	if err != nil {
		return wrong
	}
	defer decoded.Close()
	sum := sha256.New()
	if err := copyAtMost(sum, decoded, x.options.MaxBody+1); err == nil && isHash(sum.Sum(nil), rec.Request.SHA256) {
		return nil
	}
	return wrong
}

// copyBuffers are the buffers for copying a body from the network to a file, or a partial body to its hash.
var copyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// copyAtMost copies at most most bytes, through one of copyBuffers.
func copyAtMost(into io.Writer, r io.Reader, most int64) error {
	buffer := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buffer)
	_, err := io.CopyBuffer(onlyWriter{into}, io.LimitReader(r, most), buffer[:])
	return err
}

// onlyWriter hides every method but Write: with ReadFrom, io.CopyBuffer would not use the buffer.
type onlyWriter struct{ io.Writer }

// verifyBody returns why a body that has come whole is not the one that was asked for, by the hash of its line, or not
// the one that was sent, by the digests of the response. wrong is what verify has found; see orOtherForm.
func (x *exchange) verifyBody(wrong error, rec *Record, in *wireReader, body io.Reader) error {
	if err := x.orOtherForm(wrong, rec, in, body); err != nil {
		return err
	}
	if x.cut {
		return nil
	}
	return x.digests.check(rec, func() io.Reader { return x.writer.reader() })
}
