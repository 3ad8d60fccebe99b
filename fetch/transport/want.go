package transport

import (
	"context"
	"net"
	"slices"
	"time"

	"batchfetch/fetch/transport/h3"
)

// A hostQueue is the queue of wantConns for one host, and its dials; guarded by pool.mu.
type hostQueue struct {
	wants []*wantConn // the one that has waited longest first
	dials int         // under way for less than slowDial
	slow  int         // under way for longer
}

// slowDial is the usual slowDial of a pool: the path of a dial that takes as long may have
// died, and a new one may take another. A SYN or ClientHello that was lost once is there by then.
const slowDial = 2 * time.Second

// A wantConn is an exchange that waits for a connection (the word is net/http's).
type wantConn struct {
	ctx     context.Context         // of the exchange
	to      Target                  // a copy, as the dial may outlast the exchange
	result  chan connResult         // holds one, so that sending it never blocks
	cancel  context.CancelCauseFunc // of its dial; nil where none was started
	dialing bool                    // its dial is under way; guarded by pool.mu
	slow    bool                    // that dial is one of hostQueue.slow; guarded by pool.mu
	fresh   bool                    // it takes no connection that has carried an exchange
}

// A connResult is the result of a dial, or of the wait for a connection. One of its fields is set.
type connResult struct {
	h1     *h1Conn
	h2     net.Conn    // for HTTP/2, with TLS a *tls.Conn; of a dial alone
	h3     *quicResult // for HTTP/3; of a dial alone
	shared *sharedConn // the same, once it is one
	err    error
}

// A quicResult is a QUIC connection that was made, before HTTP/3 begins on it.
type quicResult struct {
	session *h3.Session
	altUsed string // see h3.NewConn
}

// cancel ends the wait of w with the cause of its context's end. pool.mu is held.
func (q *hostQueue) cancel(w *wantConn) {
	if q.dequeue(w) {
		w.result <- connResult{err: context.Cause(w.ctx)}
	}
}

// deliver gives a connection to the wantConn that has waited longest and takes it. It reports whether any did. pool.mu
// is held.
func (q *hostQueue) deliver(h *h1Conn) bool {
	i := slices.IndexFunc(q.wants, func(w *wantConn) bool { return !h.used || !w.fresh })
	if i < 0 {
		return false
	}
	w := q.wants[i]
	q.dequeue(w)
	w.result <- connResult{h1: h}
	return true
}

// dequeue takes w off the queue, and reports whether it was there. pool.mu is held.
func (q *hostQueue) dequeue(w *wantConn) bool {
	i := slices.Index(q.wants, w)
	if i >= 0 {
		q.wants = slices.Delete(q.wants, i, i+1)
	}
	return i >= 0
}
