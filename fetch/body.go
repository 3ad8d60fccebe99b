package fetch

import (
	"bufio"
	"crypto/sha256"
	"hash"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/digest"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A wireReader is a body as it is received, before its content codings are taken off. It counts the bytes and keeps the
// error of the connection, so that what a decoder says of a truncated stream is not taken for a broken coding.
type wireReader struct {
	in           io.Reader
	announced    int64     // bytes, by Content-Length; negative is unknown
	bytes        int64     // received
	err          error     // of in; nil is none, io.EOF is not kept
	coded        bool      // the body has content codings: decodedBytes counts
	decodedBytes int64     // that the decoder has made of bytes
	sum          hash.Hash // SHA-256 of bytes; nil where it is not needed

	digests, plainDigests digest.Hashes // of bytes, and of what the decoder has made of them; nil where not needed
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
	if p.wire.plainDigests != nil {
		_, _ = p.wire.plainDigests.Write(b[:n])
	}
	return n, err
}

func (w *wireReader) Read(p []byte) (int, error) {
	if w.coded && w.bytes > 2*w.decodedBytes+maxUndecoded {
		w.err = failure.New(failure.Decode, "%d bytes of the body have come to only %d", w.bytes, w.decodedBytes)
		return 0, w.err
	}
	n, err := w.in.Read(p)
	w.bytes += int64(n)
	if w.sum != nil {
		w.sum.Write(p[:n])
	}
	if w.digests != nil {
		_, _ = w.digests.Write(p[:n])
	}
	if err != nil && err != io.EOF {
		w.err = err
	}
	return n, err
}

// readBody reads the body of an accepted response, decoded, bounded by Options.MaxBody and hashed, into rec or the
// BodyStore; stored takes a copy for the cache, nil is none. The error is a *Failure, or that of the connection.
func (x *exchange) readBody(resp *http.Response, rec *Record, stored *cacheWriter) error {
	in := &x.wire
	*in = wireReader{in: x.capture.reader(x.call.Body(resp)), announced: resp.ContentLength}
	codings, kept := x.codingsOf(resp, in)
	rec.ContentEncoding = kept
	if x.decoded = len(codings) > 0; !x.decoded {
		x.leftCodings, _ = coding.Of(resp.Header, nil)
	} else if x.dictionary.usedFor(resp.Header) != nil {
		rec.ContentEncoding = allCodings(resp.Header) // which tells how so many bytes came of so few
	}
	x.digests = newDigestCheck(x.to.Method, resp, x.partial == judge.PartialContinues, x.decoded)
	in.digests, in.plainDigests = x.digests.content, x.digests.plain
	if len(codings) == 0 && x.partial != judge.PartialContinues && resp.ContentLength > x.options.MaxBody &&
		!x.options.forRobots {
		return failure.New(failure.TooLarge, "the body has %d bytes, over max-body %s",
			resp.ContentLength, formatSize(x.options.MaxBody))
	}
	var decoded io.Reader = in
	if in.coded = x.decoded; in.coded {
		decoder, err := coding.NewReader(codings, in, x.dictionary.coding(), x.windows)
		if err != nil {
			return err
		}
		defer decoder.Close()
		decoded = decodedCounter{decoder, in}
		if rec.Request.SHA256 != "" {
			in.sum = sha256.New()
		}
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

// codingsOf returns the content codings that are removed from the body of a response, and those that stay with it, for
// Record.ContentEncoding. All of a packed file stay, unless it is packed once more: the first bytes of in tell.
func (x *exchange) codingsOf(resp *http.Response, in *wireReader) (removed []string, kept string) {
	if x.partial == judge.PartialContinues {
		return nil, allCodings(resp.Header)
	}
	if !x.options.Identity && isPackedFile(x.to, resp.Header) {
		start := bufio.NewReaderSize(in.in, coding.PackedPeek)
		in.in = start
		head, _ := start.Peek(coding.PackedPeek) // an error is returned by the next read too
		if !coding.IsPackedTwice(head, resp.Header, x.windows) {
			return nil, allCodings(resp.Header)
		}
	}
	return x.options.codingsOf(resp.Header, x.dictionary.coding())
}

// codingsOf returns the content codings that are removed from a body with this header that is no packed file, and those
// that stay with it. offered is the dictionary that the request offered; nil is none.
func (o *Options) codingsOf(h http.Header, offered *coding.Dictionary) (removed []string, kept string) {
	if o.Identity {
		return nil, allCodings(h)
	}
	return coding.Of(h, offered)
}

// allCodings returns the content codings of a body none of which is removed.
func allCodings(h http.Header) string { return strings.Join(h["Content-Encoding"], ", ") }

// isPackedFile reports whether a response may be a packed file, by its type and the name in its URL, or in
// Content-Disposition.
func isPackedFile(to *target, h http.Header) bool {
	if h["Content-Encoding"] == nil {
		return false
	}
	_, disposition, _ := mime.ParseMediaType(h.Get("Content-Disposition")) // nil where there is none
	return coding.IsPackedFile(h, to.URL.Path, disposition["filename"])
}

// countWire sets Record.WireBytes once a body has been read, or has failed.
func (x *exchange) countWire(rec *Record, in *wireReader) {
	x.bodyBytes = in.bytes
	rec.WireBytes = in.bytes + x.call.FramingBytes()
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
		if in.announced >= 0 && in.announced <= x.options.MaxBody {
			in.coded = false // no more follows the last member than was said
		}
		_, err = io.Copy(io.Discard, in) // a decoder may stop before the end, and a truncated body is only seen there
	}
	switch {
	case in.err != nil:
		return in.err
	case err != nil && len(codings) > 0:
		return failure.New(failure.Decode, "the body is not valid %s", codings[len(codings)-1])
	case err != nil:
		return err
	case more && x.options.forRobots:
		x.cut = true
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
