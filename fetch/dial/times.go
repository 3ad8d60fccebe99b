package dial

import (
	"context"
	"sync"
	"time"
)

// Times is how long each step of a dial took. The lock is there because a dial may end after the exchange that it was
// made for, which took another connection. A nil *Times collects nothing.
type Times struct {
	mu                         sync.Mutex    // guards all below
	lookup, connect, handshake time.Duration // negative: not done
}

type dialTimesKey struct{}

// WithTimes returns a context whose dials record their times, and where.
func WithTimes(ctx context.Context) (context.Context, *Times) {
	t := &Times{lookup: -1, connect: -1, handshake: -1}
	return context.WithValue(ctx, dialTimesKey{}, t), t
}

// timesOf returns the Times that WithTimes put into ctx; nil where there are none.
func timesOf(ctx context.Context) *Times {
	t, _ := ctx.Value(dialTimesKey{}).(*Times)
	return t
}

// Steps returns how long name lookup, connection and TLS handshake took; negative is a step that did not take place.
func (t *Times) Steps() (lookup, connect, handshake time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lookup, t.connect, t.handshake
}

// lookupDone records a name lookup that took so long.
func (t *Times) lookupDone(took time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lookup = took
}

// connectDone records a dial that took so long, its lookup included.
func (t *Times) connectDone(took time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.connect = took - max(t.lookup, 0)
}

// handshakeDone records a TLS handshake that took so long.
func (t *Times) handshakeDone(took time.Duration) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.handshake = took
}
