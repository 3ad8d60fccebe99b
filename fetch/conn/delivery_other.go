//go:build !linux

package conn

// Delivery reports that all was acknowledged: here that is not known.
func (c *Conn) Delivery() (acked, sentAgain bool) { return true, false }
