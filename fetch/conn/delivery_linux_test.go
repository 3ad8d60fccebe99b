package conn

import (
	"net"
	"testing"
	"time"
)

// TestDelivery: what a system has for a connection that no program has accepted yet is acknowledged; where nothing was
// sent nothing is, and nothing was sent again.
func TestDelivery(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	raw, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := New(raw, nil)
	defer func() { _ = c.Close() }()
	if acked, sentAgain := c.Delivery(); acked || sentAgain {
		t.Errorf("nothing was written: acknowledged %v, sent again %v", acked, sentAgain)
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for acked := false; !acked; acked, _ = c.Delivery() { // ends, if late
		time.Sleep(time.Millisecond)
	}
}
