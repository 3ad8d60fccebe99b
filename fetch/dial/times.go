package dial

import (
	"context"
	"net/http/httptrace"
	"sync"
	"time"
)

// Times holds how long each step of making a connection took. A dial may end after the exchange that it was made for, which took
// another connection: therefore the lock. A nil *dialTimes collects nothing.
type Times struct {
	mu                         sync.Mutex
	lookup, connect, handshake time.Duration // negative: not done
}

type dialTimesKey struct{}

// WithTimes returns a context in which dials note their times.
func WithTimes(ctx context.Context) (context.Context, *Times) {
	t := &Times{lookup: -1, connect: -1, handshake: -1}
	return context.WithValue(ctx, dialTimesKey{}, t), t
}

// timesOf returns what withDialTimes put into ctx; nil is nothing.
func timesOf(ctx context.Context) *Times {
	t, _ := ctx.Value(dialTimesKey{}).(*Times)
	return t
}

// Steps returns the times of name lookup, connection and TLS handshake; those that did not take place are negative.
func (t *Times) Steps() (lookup, connect, handshake time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lookup, t.connect, t.handshake
}

// traceLookups returns a context in which the name lookups of a dial are timed.
func (t *Times) traceLookups(ctx context.Context) context.Context {
	if t == nil {
		return ctx
	}
	var began time.Time
	return httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		DNSStart: func(httptrace.DNSStartInfo) { began = time.Now() },
		DNSDone: func(httptrace.DNSDoneInfo) {
			t.mu.Lock()
			defer t.mu.Unlock()
			t.lookup = time.Since(began)
		},
	})
}

// connectDone notes a dial that took so long, its lookup included.
func (t *Times) connectDone(took time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connect = took - max(t.lookup, 0)
}

// handshakeDone notes a TLS handshake that took so long.
func (t *Times) handshakeDone(took time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handshake = took
}
