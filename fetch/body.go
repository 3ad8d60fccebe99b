package fetch

import (
	"io"
	"net/http"
	"strconv"
	"strings"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A wireReader is a body as it is received, before its content codings are taken off. It counts the bytes and keeps the
// error of the connection, so that what a decoder says of a truncated stream is not taken for a broken coding.
type wireReader struct {
	in           io.Reader
	bytes        int64 // received
	err          error // of in; nil is none, io.EOF is not kept
	coded        bool  // the body has content codings: decodedBytes counts
	decodedBytes int64 // that the decoder has made of bytes
}

// maxUndecoded is how many bytes of a coded body may be received beyond twice those decoded: a gzip stream may have
// empty members without end, and bytes without end behind the last.
const maxUndecoded = 1 << 20

// A decodedCounter counts the decoded bytes of a coded body in its wireReader.
type decodedCounter struct {
	io.Reader
	wire *wireReader
}

func (p decodedCounter) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.wire.decodedBytes += int64(n)
	return n, err
}

func (w *wireReader) Read(p []byte) (int, error) {
	if w.coded && w.bytes > 2*w.decodedBytes+maxUndecoded {
		w.err = failure.New(failure.Decode, "%d bytes of the body have come to only %d", w.bytes, w.decodedBytes)
		return 0, w.err
	}
	n, err := w.in.Read(p)
	w.bytes += int64(n)
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// readBody reads the body of an accepted response, decoded, bounded by Options.MaxBody and hashed, into rec or the
// BodyStore; stored takes a copy for the cache, nil is none. The error is a *Failure, or that of the connection.
func (x *exchange) readBody(resp *http.Response, rec *Record, stored *cacheWriter) error {
	in := &wireReader{in: x.call.Body(resp)}
	var codings []string
	codings, rec.ContentEncoding = x.options.codingsOf(resp.Header)
	if len(codings) == 0 && x.partial != judge.PartialContinues && resp.ContentLength > x.options.MaxBody {
		return failure.New(failure.TooLarge, "the body has %d bytes, over max-body %s",
			resp.ContentLength, formatSize(x.options.MaxBody))
	}
	decoded, err := coding.NewReader(codings, in)
	if err != nil {
		return err
	}
	defer decoded.Close()
	if in.coded = len(codings) > 0; in.coded {
		decoded.Reader = decodedCounter{decoded.Reader, in}
	}
	body := stored.tee(decoded)
	if x.options.BodyStore == nil {
		announced := resp.ContentLength
		if len(codings) > 0 {
			announced = -1 // Content-Length counts the coded bytes
		}
		return x.readInline(body, in, codings, announced, rec)
	}
	return x.storeBody(resp, in, rec, codings, body)
}

// codingsOf returns the content codings that are removed from the body of a response with this header, and those that
// stay with it, for Record.ContentEncoding.
func (o *Options) codingsOf(h http.Header) (removed []string, kept string) {
	if o.Identity {
		return nil, strings.Join(h["Content-Encoding"], ", ")
	}
	return coding.Of(h)
}

// A bodySink is where a decoded body is written: a storeWriter, a spoolWriter or a hashWriter.
type bodySink interface {
	// readFrom reads r to its end, up to limit bytes, and reports whether it had more.
	readFrom(r io.Reader, limit int64) (more bool, err error)
}

// readWhole reads a body to the last byte of its message; the error says what is wrong with it.
func (x *exchange) readWhole(into bodySink, decoded io.Reader, in *wireReader, codings []string) error {
	more, err := into.readFrom(decoded, x.options.MaxBody)
	return x.checkEnd(more, err, in, codings)
}

// checkEnd returns why a body that has been read is not whole and valid; nil means that it is. more says that it went
// past Options.MaxBody, err what its reader returned.
func (x *exchange) checkEnd(more bool, err error, in *wireReader, codings []string) error {
	if err == nil && !more && len(codings) > 0 {
		_, err = io.Copy(io.Discard, in) // a decoder may stop before the end, and a truncated body is only seen there
	}
	switch {
	case in.err != nil:
		return in.err
	case err != nil && len(codings) > 0:
		return failure.New(failure.Decode, "the body is not valid %s", codings[len(codings)-1])
	case err != nil:
		return err
	case more:
		return failure.New(failure.TooLarge, "the body is over max-body %s", formatSize(x.options.MaxBody))
	}
	return nil
}

// formatSize returns a number of bytes with the unit of --max-body: 16Mi, 1000 bytes.
func formatSize(n int64) string {
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
