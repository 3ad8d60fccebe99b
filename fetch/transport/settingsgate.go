package transport

import (
	"context"
	"crypto/tls"
	"net"
	"sync"

	"batchfetch/fetch/conn"
)

// A settingsGate holds exchanges back at origins with a new HTTP/2 connection on which the server's SETTINGS have not
// come (RFC 9113 section 6.5): how many streams it allows is not known, and net/http would start a hundred. Servers may
// refuse those that are too many, or stop reading (lighttpd 1.4.69). A connection has settled once the SETTINGS have
// come; at most one of an origin has not. Any goroutine may use it.
type settingsGate struct {
	mu      sync.Mutex // guards all below
	changed sync.Cond  // an originState.choosing has become 0
	origins map[string]*originState
}

// An originState is what a settingsGate knows of an origin; guarded by settingsGate.mu. One with zero fields is
// deleted.
type originState struct {
	settled  chan struct{} // closed when the connection has settled; nil: none has to
	choosing int           // exchanges for which net/http chooses among its connections
}

// newSettingsGate returns a settingsGate without connections.
func newSettingsGate() *settingsGate {
	s := &settingsGate{origins: make(map[string]*originState)}
	s.changed.L = &s.mu
	return s
}

// state returns the state of an origin. mu is held.
func (s *settingsGate) state(origin string) *originState {
	if s.origins[origin] == nil {
		s.origins[origin] = new(originState)
	}
	return s.origins[origin]
}

// deleteIfZero deletes the state of an origin where it has zero fields. mu is held.
func (s *settingsGate) deleteIfZero(origin string) {
	if *s.origins[origin] == (originState{}) {
		delete(s.origins, origin)
	}
}

// begin notes a new connection to an origin; with the ends of choices under way it may be used. The caller calls
// settled once the SETTINGS have come or the connection has failed; further calls do nothing. It is nil where another
// connection to the origin has not settled yet.
func (s *settingsGate) begin(origin string) (settled func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.state(origin)
	if o.settled != nil {
		return nil
	}
	o.settled = make(chan struct{})
	for o.choosing > 0 {
		s.changed.Wait()
	}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		close(o.settled)
		o.settled = nil
		s.deleteIfZero(origin)
	})
}

// choose waits until no connection to an origin has to settle, or ctx ends: its error is the cause. The caller lets
// net/http choose a connection, at once, and then calls chosen; further calls do nothing.
func (s *settingsGate) choose(ctx context.Context, origin string) (chosen func(), err error) {
	for {
		s.mu.Lock()
		o := s.state(origin)
		settled := o.settled
		if settled == nil {
			o.choosing++
			s.mu.Unlock()
			break
		}
		s.mu.Unlock()
		select {
		case <-settled:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	return sync.OnceFunc(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		o := s.origins[origin]
		if o.choosing--; o.choosing == 0 {
			s.changed.Broadcast()
		}
		s.deleteIfZero(origin)
	}), nil
}

// onSettingsAck calls f once net/http has acknowledged the SETTINGS of the server over c. net/http has no hook for
// them; their acknowledgement is the only frame of 9 bytes that it sends, and is written by itself.
func onSettingsAck(c net.Conn, f func()) {
	const frame, record, tag, gcmNonce = 9, 5, 16, 8 // bytes: RFC 9113 section 4.1, RFC 8446 section 5.2, RFC 5288
	length, raw := frame, c
	if over, ok := c.(*tls.Conn); ok {
		raw = over.NetConn()
		length += record + tag
		switch state := over.ConnectionState(); {
		case state.Version >= tls.VersionTLS13:
			length++ // the type of the content
		case state.CipherSuite != tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 &&
			state.CipherSuite != tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256:
			length += gcmNonce
		}
	}
	if raw, ok := raw.(*conn.Conn); ok {
		raw.AfterWrite(length, f)
	}
}
