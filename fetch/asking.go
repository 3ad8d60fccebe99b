package fetch

import (
	"bytes"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// mostInOneGo is how large a request is sent before anything of an answer is looked for: what the kernel takes in without
// the other side (see writeBuffer). A larger one is sent while the answer is awaited, which may come early (RFC 9112 section 9.5).
const mostInOneGo = 64 << 10

var questions = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// send writes what a target is asked, or sees to it. A write that fails is not told of: whoever reads then learns what the other
// side had to say, or why the connection is none any more.
func (l *link) send(to *target, header http.Header, ls *links) *sending {
	text := questions.Get().(*bytes.Buffer)
	defer questions.Put(text)
	text.Reset()
	l.word(text, to, header, ls)
	if text.Len()+len(to.body) > mostInOneGo {
		return l.sendOn(bytes.Clone(text.Bytes()), to.body)
	}
	text.Write(to.body)
	_, _ = l.over().Write(text.Bytes())
	return nil
}

// sendOn sends a request piece by piece, each of which counts as movement. It has a goroutine of its own, which answerBody.end awaits:
// the exchange's reads.
func (l *link) sendOn(parts ...[]byte) *sending {
	s := &sending{ended: make(chan struct{})}
	go func() {
		defer close(s.ended)
		for _, part := range parts {
			for piece := range slices.Chunk(part, mostInOneGo) {
				if _, err := l.over().Write(piece); err != nil {
					return
				}
			}
		}
		s.whole = true
	}()
	return s
}

// A sending is a body that is being sent. A nil one has been.
type sending struct {
	ended chan struct{}
	whole bool // once it has ended
}

// isDone reports whether all has been sent by now.
func (s *sending) isDone() bool {
	if s == nil {
		return true
	}
	select {
	case <-s.ended:
		return s.whole
	default:
		return false
	}
}

// await waits for its end.
func (s *sending) await() {
	if s != nil {
		<-s.ended
	}
}

// A phrase is a header and its lines, so that the same one is put into words once for all requests over a link.
type phrase struct {
	header http.Header
	lines  []byte
}

// word appends the head of a request (RFC 9112 section 3). A proxy is asked for the URL as it is, and told who asks.
func (l *link) word(text *bytes.Buffer, to *target, header http.Header, ls *links) {
	b := append(text.AvailableBuffer(), to.method...)
	b = append(b, ' ')
	if ls.proxy != nil {
		b = append(append(append(b, to.url.Scheme...), "://"...), withoutZone(to.url.Host)...)
	}
	b = append(append(b, to.url.RequestURI()...), " HTTP/1.1\r\nHost: "...)
	b = append(append(b, withoutZone(to.hostHeader())...), "\r\n"...)
	if len(to.body) > 0 || announcesBody(to.method) {
		b = strconv.AppendInt(append(b, "Content-Length: "...), int64(len(to.body)), 10)
		b = append(b, "\r\n"...)
	}
	b = append(b, l.linesOf(header)...)
	if header["Proxy-Authorization"] == nil {
		b = append(b, ls.login...)
	}
	text.Write(append(b, "\r\n"...))
}

// announcesBody says which methods many servers want a length of, where there is no body (RFC 9110 section 8.6).
func announcesBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

// linesOf returns a header as it is sent, but for Host and what the body says of itself.
func (p *phrase) linesOf(h http.Header) []byte {
	if p.header != nil && reflect.ValueOf(p.header).Pointer() == reflect.ValueOf(h).Pointer() { // headers are shared, and never written to
		return p.lines
	}
	text := bytes.NewBuffer(p.lines[:0])
	if agent := h.Get("User-Agent"); agent != "" {
		_ = http.Header{"User-Agent": {agent}}.Write(text) // it is memory
	}
	_ = h.WriteSubset(text, framing) // as above
	p.header, p.lines = h, text.Bytes()
	return p.lines
}

var framing = map[string]bool{"Host": true, "User-Agent": true, "Content-Length": true, "Transfer-Encoding": true, "Trailer": true}

// asked is what http.ReadResponse has to know of a request.
func asked(method string) *http.Request {
	if method == http.MethodGet {
		return askedToGet
	}
	return &http.Request{Method: method}
}

var askedToGet = &http.Request{Method: http.MethodGet}

// hostHeader is the Host that goes with the request: the user's, or that of the URL.
func (t *target) hostHeader() string {
	if own := t.header["Host"]; len(own) > 0 {
		return own[0]
	}
	return t.url.Host
}

// withoutZone returns host:port without the zone of an IPv6 address, which means something to this machine alone (RFC 6874 section 1).
func withoutZone(host string) string {
	zone, end := strings.IndexByte(host, '%'), strings.LastIndexByte(host, ']')
	if zone < 0 || end < zone || host[0] != '[' {
		return host
	}
	return host[:zone] + host[end:]
}
