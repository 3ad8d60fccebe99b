package fetch

import (
	"encoding/hex"
	"hash"
	"io"

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

// checkHash sets Record.SHA256 to the hash of the whole body and compares it with Request.SHA256.
func (h *hashWriter) checkHash(rec *Record) error {
	h.sum.Sum(rec.SHA256[:0])
	rec.Hashed = true
	return checkHash(rec)
}

// checkHash returns a Failure of Kind Checksum where Record.SHA256 is not Request.SHA256.
func checkHash(rec *Record) error {
	if want := rec.Request.SHA256; want != "" && !isHash(rec.SHA256[:], want) {
		return failure.New(failure.Checksum, "sha256 is %x, not the expected %s", rec.SHA256, want)
	}
	return nil
}

// isHash reports whether sum is the hash that text has in hex.
func isHash(sum []byte, text string) bool { return hex.EncodeToString(sum) == text }
