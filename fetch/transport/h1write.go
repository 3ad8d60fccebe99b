package transport

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// maxAtOnce is how many bytes a request may have to be written in one go before the response is read: the kernel's send
// buffer takes them, whether or not the server reads (see dial). A larger one is written while the response is awaited,
// which may come early (RFC 9112 section 9.5).
const maxAtOnce = 64 << 10

// requestBuffers are *bytes.Buffers in which heads of requests, and small bodies, are put together.
var requestBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// writeRequest writes the request of c, or starts to: nil is that it was written. The error of a write is not
// returned, as reading the response then returns what the server had responded, or why the connection ended; see fail.
func (h *h1Conn) writeRequest(c *Call, p *pool) *bodyWrite {
	text := requestBuffers.Get().(*bytes.Buffer)
	defer requestBuffers.Put(text)
	text.Reset()
	h.writeHead(text, c, p)
	if text.Len()+len(c.Target.Body) > maxAtOnce {
		return h.writeConcurrently(bytes.Clone(text.Bytes()), c.Target.Body)
	}
	text.Write(c.Target.Body)
	if _, err := h.stream().Write(text.Bytes()); err != nil {
		w := &bodyWrite{over: h.conn, ended: make(chan struct{})}
		w.fail(err)
		close(w.ended)
		return w
	}
	return nil
}

// writeConcurrently writes a request in a goroutine of its own, in chunks, so that the stall timer sees progress. The
// goroutine ends when all is written, or the connection is closed; responseBody.end waits for it.
func (h *h1Conn) writeConcurrently(parts ...[]byte) *bodyWrite {
	w := &bodyWrite{over: h.conn, ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for _, part := range parts {
			for chunk := range slices.Chunk(part, maxAtOnce) {
				if _, err := h.stream().Write(chunk); err != nil {
					w.fail(err)
					return
				}
			}
		}
		w.whole = true
	}()
	return w
}

// A bodyWrite is a request that is being written while its response is read. A nil *bodyWrite is done.
type bodyWrite struct {
	over  *conn.Conn
	ended chan struct{} // closed at the end of the goroutine that writes
	whole bool          // all was written; read once ended is closed

	mu       sync.Mutex // guards the next two
	err      error      // of the write
	answered bool       // the header of the response has come
}

// waitAfterFailure is how long the response to a request that can't be written is waited for. What the server sent
// before it closed the connection is there at once, and without it no response comes.
const waitAfterFailure = 200 * time.Millisecond

// fail takes the error of the write, and ends the wait for a response.
func (w *bodyWrite) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = err
	if !w.answered {
		_ = w.over.SetReadDeadline(time.Now().Add(waitAfterFailure)) // a connection that has none is closed
	}
}

// answer takes note that the header of the response has come: its body is read in its own time.
func (w *bodyWrite) answer() {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.answered = true
	if w.err != nil {
		_ = w.over.SetReadDeadline(time.Time{}) // as in fail
	}
}

// explain returns the error of reading the response; where that was waited for in vain, the failure of the write.
func (w *bodyWrite) explain(err error) error {
	if w == nil || !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		return err
	}
	return failure.New(failure.Reset, "the request could not be sent: %w", w.err)
}

// isDone reports whether all has been written by now.
func (w *bodyWrite) isDone() bool {
	if w == nil {
		return true
	}
	select {
	case <-w.ended:
		return w.whole
	default:
		return false
	}
}

// wait returns once the write has ended, whether or not all was written.
func (w *bodyWrite) wait() {
	if w != nil {
		<-w.ended
	}
}

// writeHead appends the head of a request: request line and header (RFC 9112 section 3). A proxy is asked for the whole
// URL, with the proxy's credentials.
func (h *h1Conn) writeHead(text *bytes.Buffer, c *Call, p *pool) {
	to := c.Target
	b := append(text.AvailableBuffer(), to.Method...)
	b = append(b, ' ')
	if p.proxy != nil {
		b = append(append(append(b, to.URL.Scheme...), "://"...), withoutZone(to.URL.Host)...)
	}
	b = append(append(b, to.URL.RequestURI()...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, withoutZone(to.hostHeader())...), "\r\n"...)
	if len(to.Body) > 0 || announcesBody(to.Method) {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(to.Body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, h.headers.linesOf(c.Header)...)
	if c.Header["Proxy-Authorization"] == nil && !EchoesRequest(to.Method) {
		b = append(b, p.proxyHeader...)
	}
	text.Write(append(b, "\r\n"...))
}

// announcesBody reports whether a request of that method has a Content-Length even without a body, as many servers
// want it (RFC 9110 section 8.6).
func announcesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// A headerCache is the header that a connection sent last and its lines, so that a header that is sent again is not
// rendered again.
type headerCache struct {
	header http.Header
	lines  []byte
}

// linesOf returns the lines of a header as they are sent, but for Host and what frames the body; valid until the next
// call. Two headers are the same where they are the same map, as headers are shared and not written to.
func (p *headerCache) linesOf(h http.Header) []byte {
	if p.header != nil && reflect.ValueOf(p.header).Pointer() == reflect.ValueOf(h).Pointer() {
		return p.lines
	}
	text := bytes.NewBuffer(p.lines[:0])
	if agent := h.Get("User-Agent"); agent != "" {
		_ = http.Header{"User-Agent": {agent}}.Write(text) // a bytes.Buffer does not fail
	}
	_ = h.WriteSubset(text, writtenElsewhere) // as above
	p.header, p.lines = h, text.Bytes()
	return p.lines
}

// writtenElsewhere are the headers that linesOf leaves out, as writeHead or itself writes them, or they would frame the
// body.
var writtenElsewhere = map[string]bool{
	"Host": true, "User-Agent": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true,
}

// requestFor returns a request with what http.ReadResponse needs of one: the method. That of a GET is shared.
func requestFor(method string) *http.Request {
	if method == http.MethodGet {
		return getRequest
	}
	return &http.Request{Method: method}
}

var getRequest = &http.Request{Method: http.MethodGet}

// withoutZone returns host:port without the zone of an IPv6 address, which has a meaning on this machine only (RFC 6874
// section 1).
func withoutZone(host string) string {
	zone, end := strings.IndexByte(host, '%'), strings.LastIndexByte(host, ']')
	if zone < 0 || end < zone || host[0] != '[' {
		return host
	}
	return host[:zone] + host[end:]
}
