package transport

import "time"

// A firstExchange is the first exchange over a connection, while it has no response. A server that has no thread or
// process left for the connection sends none before another connection makes room (makeroom.go). Guarded by pool.mu.
type firstExchange struct {
	began     time.Time
	patience  time.Duration // how long it waits until the next connection is to make room
	timer     *time.Timer   // fires after patience
	isOverdue bool          // it has fired, and no connection has made room since
	over      *h1Conn       // its connection, as long as that may be given up; else nil
	isGivenUp bool          // it was (giveUpUnacked)

	hostAnswered bool // another exchange, since this one began
}

// giveUpUnacked closes the connection of an exchange that is overdue, while its host has answered another one and has
// acknowledged nothing of this. It reports whether it does. pool.mu is held.
func (f *firstExchange) giveUpUnacked() bool {
	h := f.over
	if !f.isOverdue || !f.hostAnswered || h == nil {
		return false
	}
	acked, sentAgain := h.conn.Delivery()
	if !acked && !sentAgain {
		return false // too early to tell
	}
	f.over = nil // what has been acknowledged stays so
	if acked {
		return false
	}
	f.isOverdue, f.isGivenUp = false, true
	f.timer.Stop()
	time.AfterFunc(0, h.reset)
	return true
}

// firstPatience is the patience of a firstExchange at first. It doubles each time a connection has made room, as the
// server may just need long for this request.
const firstPatience = time.Second

// gotRoom notes that a connection has made room for f.
func (f *firstExchange) gotRoom() {
	f.isOverdue = false
	f.patience *= 2
	f.timer.Reset(f.patience)
}
