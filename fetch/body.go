package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
)

// A wire is a body as it arrives: counted, and its own error remembered, so that what a decoder
// makes of a cut stream is not mistaken for a broken coding.
type wire struct {
	in    io.Reader
	bytes int64
	err   error
	watch *watch
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.in.Read(p)
	w.bytes += int64(n)
	w.watch.moved(n)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// canHaveBody says which answers carry a body at all (RFC 9110 section 6.4.1).
func canHaveBody(method string, status int) bool {
	return method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified
}

// readBody reads the decoded body of an accepted answer into rec, bounded and hashed. The error is a *Failure,
// or what the connection died of.
func (x *exchange) readBody(resp *http.Response, rec *Record) error {
	in := &wire{in: resp.Body, watch: x.watch}
	var codings []string
	if !x.options.Identity {
		codings = contentCodings(resp.Header)
	}
	decoded, err := decode(codings, in)
	defer decoded.close()
	if err != nil {
		return err
	}
	body := newBuffer()
	more, err := body.readFrom(decoded, x.options.MaxBody)
	if err == nil && !more && len(codings) > 0 {
		err = drain(in) // a decoder may stop short of the body's end; the length must hold to the last byte
	}
	rec.WireBytes = in.bytes
	rec.Bytes = int64(len(body.bytes))
	switch {
	case in.err != nil:
		body.release()
		return in.err
	case err != nil:
		body.release()
		return failf(Decode, "the body is not valid %s", codings[len(codings)-1])
	case more:
		body.release()
		return failf(TooLarge, "the body is over --max-body %d bytes", x.options.MaxBody)
	}
	rec.Body, rec.body, rec.HasBody = body.bytes, body, true
	return x.hash(rec)
}

func (x *exchange) hash(rec *Record) error {
	rec.SHA256, rec.Hashed = sha256.Sum256(rec.Body), true
	want := rec.Request.SHA256
	if want == "" || hex.EncodeToString(rec.SHA256[:]) == want {
		return nil
	}
	rec.ReleaseBody()
	rec.HasBody = false
	return failf(Checksum, "sha256 is %x, not the %s asked for", rec.SHA256, want)
}

// maxTail is how many bytes may follow the end of a coded stream within its body.
const maxTail = 64 << 10

func drain(r io.Reader) error {
	n, err := io.Copy(io.Discard, io.LimitReader(r, maxTail+1))
	if err == nil && n > maxTail {
		return errors.New("data after the end of the coded stream")
	}
	return err
}
