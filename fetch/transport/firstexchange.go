package transport

import "time"

// A firstExchange is the first exchange over a connection, while it has no response. A server that has no thread or
// process left for the connection sends none before another connection makes room (makeroom.go). Guarded by pool.mu.
type firstExchange struct {
	began     time.Time
	patience  time.Duration // how long it waits until the next connection is to make room
	timer     *time.Timer   // fires after patience
	isOverdue bool          // it has fired, and no connection has made room since
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
