package fetch

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
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

// readBody reads the decoded body of an accepted answer, bounded and hashed, into rec or its Keeper. The error is a *Failure,
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
	if x.options.Keeper == nil {
		return x.readInline(decoded, in, codings, rec)
	}
	return x.save(resp, in, rec, codings, decoded)
}

// readInline reads the body into memory.
func (x *exchange) readInline(decoded io.Reader, in *wire, codings []string, rec *Record) error {
	body := newBuffer()
	err := x.readWhole(body, decoded, in, codings)
	rec.Bytes, rec.WireBytes = int64(len(body.bytes)), in.bytes
	if err == nil {
		rec.SHA256, rec.Hashed = sha256.Sum256(body.bytes), true
		err = verify(rec)
	}
	if err != nil {
		body.release()
		return err
	}
	rec.Body, rec.body, rec.HasBody = body.bytes, body, true
	return nil
}

// A taker is where a body goes: a buffer, or a saving.
type taker interface {
	readFrom(r io.Reader, limit int64) (more bool, err error)
}

// readWhole reads a body to the last byte of its message and says what is wrong with it.
func (x *exchange) readWhole(into taker, decoded io.Reader, in *wire, codings []string) error {
	more, err := into.readFrom(decoded, x.options.MaxBody)
	if err == nil && !more && len(codings) > 0 {
		err = drain(in) // a decoder may stop short of the body's end; the length must hold to the last byte
	}
	switch {
	case in.err != nil:
		return in.err
	case err != nil && len(codings) > 0:
		return failf(Decode, "the body is not valid %s", codings[len(codings)-1])
	case err != nil:
		return err
	case more:
		return failf(TooLarge, "the body is over max-body %s", sizeText(x.options.MaxBody))
	}
	return nil
}

// sizeText is a number of bytes as a person would write it.
func sizeText(n int64) string {
	for _, unit := range []struct {
		name string
		size int64
	}{{"Gi", 1 << 30}, {"Mi", 1 << 20}, {"Ki", 1 << 10}} {
		if n >= unit.size && n%unit.size == 0 {
			return strconv.FormatInt(n/unit.size, 10) + unit.name
		}
	}
	return strconv.FormatInt(n, 10) + " bytes"
}

// verify holds the hash of a whole body against the one that was asked for.
func verify(rec *Record) error {
	if want := rec.Request.SHA256; want != "" && hex.EncodeToString(rec.SHA256[:]) != want {
		return failf(Checksum, "sha256 is %x, not the %s asked for", rec.SHA256, want)
	}
	return nil
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
