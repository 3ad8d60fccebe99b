//go:build !unix

package conn

import "net"

// A readPoll would be a poll(2) of a connection's socket; this system has no poll(2), and a nil one stands for it.
type readPoll struct{}

func newReadPoll(net.Conn) *readPoll { return nil }

func (*readPoll) readable() bool { return false }
