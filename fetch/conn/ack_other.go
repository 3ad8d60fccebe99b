//go:build !linux

package conn

// AckAtOnce does nothing here: when to acknowledge is left to the system.
func (c *Conn) AckAtOnce() {}
