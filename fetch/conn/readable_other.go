//go:build !unix

package conn

import "net"

// A readPoll needs poll(2), which this system does not have.
type readPoll struct{}

func newReadPoll(net.Conn) *readPoll { return nil }

func (*readPoll) readable() bool { return false }
