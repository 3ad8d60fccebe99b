package fetch

import (
	"bytes"
	"crypto/tls"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// mostHeard is how much of the start of an answer is kept to be looked at.
const mostHeard = 4 << 10

// A heard is the start of an HTTP/1 answer as it came: net/http does not tell of all that stood there. A nil one is empty.
type heard struct {
	full atomic.Bool
	mu   sync.Mutex
	head []byte
}

// begin forgets what came before.
func (h *heard) begin() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head = h.head[:0]
	h.full.Store(false)
}

func (h *heard) note(p []byte) {
	if h == nil || len(p) == 0 || h.full.Load() {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.head = append(h.head, p[:min(len(p), mostHeard-len(h.head))]...)
	h.full.Store(len(h.head) == mostHeard)
}

// start returns a copy of what is kept.
func (h *heard) start() []byte {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return bytes.Clone(h.head)
}

// wrongStart says why what came can't be the start of an answer; empty where it can, or nothing came.
func (h *heard) wrongStart() string {
	const version, alert = "HTTP/", "\x15\x03" // RFC 8446 section 5.1
	switch head := string(h.start()); {
	case strings.HasPrefix(head, alert):
		return "it speaks TLS on this port, for which the URL is https://"
	case head != "" && !strings.HasPrefix(head, version[:min(len(version), len(head))]):
		return "it does not begin with HTTP/"
	}
	return ""
}

// says reports whether the header names a line, so far as it is kept.
func (h *heard) says(name string) bool {
	for line := range strings.Lines(string(h.start())) {
		if strings.TrimRight(line, "\r\n") == "" {
			return false
		}
		if found, _, _ := strings.Cut(line, ":"); strings.EqualFold(strings.TrimRight(found, " \t"), name) {
			return true
		}
	}
	return false
}

// overTLS is a TLS connection that HTTP/1 is spoken over.
type overTLS struct {
	*tls.Conn
	heard heard
}

func (c *overTLS) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.heard.note(p[:n])
	return n, err
}

// chunkedTooEarly reports whether resp has chunks in a version of HTTP that does not know them: net/http takes them for the body.
func (h *heard) chunkedTooEarly(resp *http.Response) bool {
	return resp.ProtoMajor == 1 && resp.ProtoMinor == 0 && h.says("Transfer-Encoding")
}
