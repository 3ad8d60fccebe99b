package fetch

import "errors"

// errStray is why an answer is no answer. It names no server: what asked on the same connection before is known to have been answered.
var errStray = errors.New("the connection held bytes that were no answer to this request")

// A grip is a connection used again, as it was taken: what it had received and how often it had been written to.
type grip struct {
	conn             *conn
	received, writes int64
}

// spoke reports whether the other side has sent something, or closed, since g was taken and before anything was asked.
// It is called once for each exchange on a connection used again, in front of the first byte of the request, and takes
// under 1 us. The error that Write returns for it makes net/http take another connection, whatever the method: nothing was
// sent, so nothing can be done twice. Over TLS it may have been no more than a session ticket, or a goodbye: then the cost
// is a connection.
func (c *conn) spoke(g *grip) bool {
	return c.received.Load() != g.received || c.peek.readable()
}

// firstByte is called with the first byte of an answer at hand. One that was there before anything of the request was written,
// or without anything received since, is left over from the answer before: net/http may not have seen it when it gave the
// connection away.
func (x *exchange) firstByte() {
	x.spoke.Store(true)
	g := x.taken.Load()
	if g == nil || g.conn.received.Load() != g.received && g.conn.writes.Load() != g.writes {
		return
	}
	x.stray.Store(g)
	_ = g.conn.Close() // nobody else is to get it
}

// strayed reports whether what came was left over from the answer before.
func (x *exchange) strayed() bool {
	g := x.stray.Load()
	return g != nil && g == x.taken.Load()
}
