package conn

import (
	"net"
	"testing"
	"time"
)

// TestIsUnacked: what a system has for a connection that no program has accepted yet is acknowledged, and so is a
// connection over which nothing was sent.
func TestIsUnacked(t *testing.T) {
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
	if c.IsUnacked() {
		t.Error("nothing was written, and it is unacknowledged")
	}
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	time.Sleep(10 * time.Millisecond)
	if c.IsUnacked() {
		t.Error("it is unacknowledged")
	}
}
