//go:build !linux

package conn

// IsUnacked is false here: whether bytes were acknowledged is not known.
func (c *Conn) IsUnacked() bool { return false }
