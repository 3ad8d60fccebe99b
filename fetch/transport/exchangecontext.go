package transport

import (
	"context"
	"sync"
	"time"

	"batchfetch/fetch/failure"
)

// An ExchangeContext is the context of exchanges that one goroutine makes one after another, so that none needs a
// context of its own. It ends for good with its parent, or with the first exchange that is cancelled: the next ones get
// another. The connection that carries an exchange over HTTP/1.1 is closed with it. Close is called at the end.
type ExchangeContext struct {
	context.Context
	// Cancel ends the exchange under way, and the context with it. Any goroutine may call it while that exchange is made.
	Cancel context.CancelCauseFunc
	unlink func() bool // keeps the end of Context from calling abort

	mu      sync.Mutex
	carries *h1Conn        // the connection of the exchange under way; nil is none, or another one
	timer   *time.Timer    // runs expire; nil before the first Begin with a limit
	limit   *failure.Limit // of the exchange under way; nil is none
	ends    time.Time      // when limit is met
}

// NewExchangeContext returns an ExchangeContext that ends with parent.
func NewExchangeContext(parent context.Context) *ExchangeContext {
	x := new(ExchangeContext)
	x.Context, x.Cancel = context.WithCancelCause(parent)
	x.unlink = context.AfterFunc(x.Context, x.abort)
	return x
}

// Close ends the context. No exchange is under way any more.
func (x *ExchangeContext) Close() {
	x.unlink()
	x.Cancel(nil)
}

// Begin begins an exchange, which limit, nil being none, ends as its cause. It is followed by End.
func (x *ExchangeContext) Begin(limit *failure.Limit) {
	if limit == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.limit, x.ends = limit, time.Now().Add(limit.After)
	if x.timer == nil {
		x.timer = time.AfterFunc(limit.After, x.expire)
		return
	}
	x.timer.Reset(limit.After)
}

// End ends an exchange: its limit does not count any more.
func (x *ExchangeContext) End() {
	if x.timer == nil {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.limit = nil
	x.timer.Stop()
}

// expire cancels the exchange whose limit is met. It may come late, for an exchange that has ended.
func (x *ExchangeContext) expire() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.limit != nil && !time.Now().Before(x.ends) {
		x.Cancel(x.limit)
	}
}

// abort closes the connection of the exchange under way, at the end of the context.
func (x *ExchangeContext) abort() {
	x.mu.Lock()
	h := x.carries
	x.mu.Unlock()
	if h != nil {
		h.abort()
	}
}

// attach lets h, which carries the exchange under way, be closed where the context ends before detach.
func (x *ExchangeContext) attach(h *h1Conn) {
	x.mu.Lock()
	x.carries = h
	x.mu.Unlock()
	if x.Err() != nil { // abort may have come before
		h.abort()
	}
}

// detach ends what attach began, and reports whether the context has not ended. Any goroutine may call it, also late.
func (x *ExchangeContext) detach(h *h1Conn) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.carries == h {
		x.carries = nil
	}
	return x.Err() == nil
}
