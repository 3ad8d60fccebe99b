package nettest

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// Pair returns both ends of a connection over loopback.
func Pair(t testing.TB) (ours, theirs *net.TCPConn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	c, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	other, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = c.Close(), other.Close() })
	return c.(*net.TCPConn), other.(*net.TCPConn)
}

func Eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what, "does not come about")
		}
	}
}

// Talk answers each connection with what says writes, which then is closed.
func Talk(t testing.TB, says func(c *net.TCPConn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			says(c.(*net.TCPConn))
			_ = c.Close()
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); <-ended })
	return "http://" + listener.Addr().String()
}

// ReadRequest reads one request from c.
func ReadRequest(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) }

func Say(c net.Conn, text string) { _, _ = io.WriteString(c, text) }

// ResetOnClose closes c with a TCP reset.
func ResetOnClose(c *net.TCPConn) { _ = c.SetLinger(0) }

// AwaitClose blocks until the client has gone.
func AwaitClose(c net.Conn) { _, _ = io.Copy(io.Discard, c) }
