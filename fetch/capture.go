package fetch

import (
	"io"
	"net/http"
	"net/url"
	"time"

	"batchfetch/fetch/spool"
	"batchfetch/fetch/transport"
)

// A Capture is one exchange as it went over the wire, for Options.Archive. Redirects that are followed, attempts that
// are repeated and pages are each one of their own. The secrets of the request are masked in both heads, not in the
// bodies. It is the caller's, and valid until Archive returns.
type Capture struct {
	// ID is set by Archive: what it knows the response by, or the request where there is none. It becomes
	// Record.CaptureID.
	ID string
	// URL is what was requested. It may have userinfo and a fragment.
	URL *url.URL
	// StartedAt is when the exchange began, EndedAt when the response had come, or failed.
	StartedAt, EndedAt time.Time
	// RemoteAddr is host:port of the server; empty is not known, as behind a proxy.
	RemoteAddr string
	// Protocol is the version of the response, such as HTTP/1.1 or HTTP/2.0; empty is no response.
	Protocol string
	// RequestHead is the head of the request up to its empty line; RequestBody the body. That of a request over HTTP/2 is
	// what HTTP/1.1 would have sent.
	RequestHead, RequestBody []byte
	// Status is the status of the response, and ResponseHead its head up to its empty line: as it came over HTTP/1.1, made
	// of the status and the fields, in the order of their names, over HTTP/2. Nil is no response.
	Status       int
	ResponseHead []byte
	// Body is the body as it came, in its content codings and without those of the transfer. Truncated says why it is not
	// whole.
	Body      *spool.Buffer
	Truncated Truncation
	// Conditional says that the request asked whether a response is still valid (RFC 9110 section 13), Known when that one
	// was requested; zero is not known.
	Conditional bool
	Known       time.Time
}

// A Truncation is why a body was not read to its end. Empty: it was.
type Truncation string

// Why bodies are truncated: the reasons of WARC 1.1 section 5.13.
const (
	TruncatedLength      Truncation = "length"      // Options.MaxBody, or it was not needed
	TruncatedTime        Truncation = "time"        // a limit of time
	TruncatedDisconnect  Truncation = "disconnect"  // the connection ended
	TruncatedUnspecified Truncation = "unspecified" // all else
)

// capturedMemory is how much of the body of a Capture is held in memory, in bytes.
const capturedMemory = 1 << 20

// An exchangeCapture is the Capture of an exchange while its response is read.
type exchangeCapture struct {
	response *http.Response // nil: none has come
	body     capturedBody
	lines    *transport.HeaderCache // of the worker: those of masked headers
}

// A capturedBody copies a body, as it is read, to a Buffer.
type capturedBody struct {
	in  io.Reader // nil: it has not been read
	to  *spool.Buffer
	end error // of in; io.EOF: it was read to its end
	err error // of to
}

// Read is io.Reader's.
func (b *capturedBody) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.end = err
	if b.err == nil {
		_, b.err = b.to.Write(p[:n])
	}
	return n, err
}

// reader returns a reader of the body of the response, in, that keeps it. c may be nil, which keeps nothing.
func (c *exchangeCapture) reader(in io.Reader) io.Reader {
	if c == nil {
		return in
	}
	c.body.in = in
	return &c.body
}
