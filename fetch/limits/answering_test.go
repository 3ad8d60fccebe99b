package limits_test

import (
	"fmt"
	"net"
	"sync"
	"testing"
)

// answering starts a server that answers the first thing that it reads with a bulk string.
func answering(t *testing.T, says string) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		_ = listener.Close() // no second connection
		defer func() { _ = c.Close() }()
		if n, _ := c.Read(make([]byte, 1<<16)); n > 0 {
			_, _ = fmt.Fprintf(c, "$%d\r\n%s\r\n", len(says), says)
		}
		_, _ = c.Read(make([]byte, 1)) // until the client hangs up
	})
	t.Cleanup(func() { _ = listener.Close(); serving.Wait() })
	return listener.Addr().String()
}
