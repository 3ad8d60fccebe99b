package nettest

import (
	"bufio"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Pair returns both ends of a TCP connection over loopback, which are closed at the end of the test.
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

// Eventually waits until true returns true, checking once a millisecond, and fails the test after a minute. what is
// the subject of the failure.
func Eventually(t *testing.T, what string, true func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal(what, "does not come about")
		}
	}
}

// Talk starts a TCP server on loopback and returns its http URL. It accepts one connection after another, calls says
// with each and closes it afterwards. It ends with the test, after the last call of says has returned.
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

// ReadRequest reads and drops the head of one HTTP request from c.
func ReadRequest(c net.Conn) { _, _ = http.ReadRequest(bufio.NewReader(c)) }

// Say writes text to c and ignores errors: the client may have closed the connection.
func Say(c net.Conn, text string) { _, _ = io.WriteString(c, text) }

// ResetOnClose makes Close of c reset the connection (RST) instead of closing it in order.
func ResetOnClose(c *net.TCPConn) { _ = c.SetLinger(0) }

// AwaitClose reads and drops all from c until the client closes the connection.
func AwaitClose(c net.Conn) { _, _ = io.Copy(io.Discard, c) }

// FreePort returns a port of 127.0.0.1 at which nobody listens, for a program that is to. It is below those that
// systems hand out by themselves, so that no server or connection of another test takes it meanwhile.
func FreePort() (string, error) {
	for {
		port := strconv.Itoa(20_000 + rand.IntN(12_000))
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			return port, listener.Close()
		}
		if !errors.Is(err, syscall.EADDRINUSE) {
			return "", err
		}
	}
}
