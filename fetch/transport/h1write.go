package transport

import (
	"bytes"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// maxAtOnce is how large a request in bytes is written before anything of the response is read: what the kernel takes without the
// other side (see writeBuffer). A larger one is written while the response is awaited, which may come early (RFC 9112 section 9.5).
const maxAtOnce = 64 << 10

var requestBuffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// writeRequest writes the request of c, or starts to. The error of a write is not returned: whoever reads then learns what the server
// had to say, or why the connection ended.
func (h *h1Conn) writeRequest(c *Call, p *pool) *bodyWrite {
	text := requestBuffers.Get().(*bytes.Buffer)
	defer requestBuffers.Put(text)
	text.Reset()
	h.writeHead(text, c, p)
	if text.Len()+len(c.Target.Body) > maxAtOnce {
		return h.writeConcurrently(bytes.Clone(text.Bytes()), c.Target.Body)
	}
	text.Write(c.Target.Body)
	_, _ = h.stream().Write(text.Bytes())
	return nil
}

// writeConcurrently writes a request in chunks, each of which counts as movement, in a goroutine of its own, which responseBody.end
// awaits.
func (h *h1Conn) writeConcurrently(parts ...[]byte) *bodyWrite {
	w := &bodyWrite{ended: make(chan struct{})}
	go func() {
		defer close(w.ended)
		for _, part := range parts {
			for chunk := range slices.Chunk(part, maxAtOnce) {
				if _, err := h.stream().Write(chunk); err != nil {
					return
				}
			}
		}
		w.whole = true
	}()
	return w
}

// A bodyWrite is a request that is being written while the response is read. A nil one has been written.
type bodyWrite struct {
	ended chan struct{}
	whole bool // all was written; read once ended is closed
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

// wait waits for the end of the write.
func (w *bodyWrite) wait() {
	if w != nil {
		<-w.ended
	}
}

// writeHead appends the head of a request (RFC 9112 section 3). A proxy is asked for the whole URL, with its own login.
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
	if c.Header["Proxy-Authorization"] == nil {
		b = append(b, p.proxyHeader...)
	}
	text.Write(append(b, "\r\n"...))
}

// announcesBody says for which methods many servers want a Content-Length where there is no body (RFC 9110 section 8.6).
func announcesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// A headerCache is the header that a connection sent last and its lines, so that the same header is rendered once for all requests.
type headerCache struct {
	header http.Header
	lines  []byte
}

// linesOf returns a header as it is sent, but for Host and what frames the body. Headers are the same where their maps are: they are
// shared, and never written to.
func (p *headerCache) linesOf(h http.Header) []byte {
	if p.header != nil && reflect.ValueOf(p.header).Pointer() == reflect.ValueOf(h).Pointer() {
		return p.lines
	}
	text := bytes.NewBuffer(p.lines[:0])
	if agent := h.Get("User-Agent"); agent != "" {
		_ = http.Header{"User-Agent": {agent}}.Write(text) // a write to memory does not fail
	}
	_ = h.WriteSubset(text, framing) // as above
	p.header, p.lines = h, text.Bytes()
	return p.lines
}

var framing = map[string]bool{"Host": true, "User-Agent": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true}

// requestFor returns what http.ReadResponse has to know of a request.
func requestFor(method string) *http.Request {
	if method == http.MethodGet {
		return getRequest
	}
	return &http.Request{Method: method}
}

var getRequest = &http.Request{Method: http.MethodGet}

// withoutZone returns host:port without the zone of an IPv6 address, which means something to this machine alone (RFC 6874 section 1).
func withoutZone(host string) string {
	zone, end := strings.IndexByte(host, '%'), strings.LastIndexByte(host, ']')
	if zone < 0 || end < zone || host[0] != '[' {
		return host
	}
	return host[:zone] + host[end:]
}
