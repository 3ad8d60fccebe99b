//go:build !unix

package fetch

import "net"

// A peek sees nothing here.
type peek struct{}

func newPeek(net.Conn) *peek { return nil }

func (*peek) readable() bool { return false }
