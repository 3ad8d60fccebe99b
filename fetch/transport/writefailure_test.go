package transport

import (
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// A deafConn is a connection over which no write succeeds, and over which nothing is told of it.
type deafConn struct{ net.Conn }

func (deafConn) Write([]byte) (int, error) { return 0, syscall.EPERM } // as of a packet filter

// TestWriteThatFails: a request that can't be written ends the exchange at once, not at --stall-timeout; a response
// that the server has sent before is still read, in the time that it takes.
func TestWriteThatFails(t *testing.T) {
	for _, size := range []int{0, maxAtOnce + 1} {
		for _, response := range []string{"", "HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\n"} {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				sent := make(chan struct{})
				defer func() { _ = theirs.Close(); <-sent }()
				go func() {
					defer close(sent)
					if response != "" {
						_, _ = io.WriteString(theirs, response)
						time.Sleep(2 * waitAfterFailure)
						_, _ = io.WriteString(theirs, "late")
					}
				}()
				began := time.Now()
				ctx, call := startCall(t, testTarget(t, "POST", "http://a.test/", []byte(strings.Repeat("x", size))))
				h := newH1Conn(conn.New(deafConn{ours}, nil), nil)
				resp, err := h.roundTrip(ctx, call, newPool(1, nil))
				if response == "" {
					f := call.Explain(ctx, err, 0, 0)
					if f == nil || f.Kind != failure.Reset || !errors.Is(err, syscall.EPERM) || time.Since(began) > time.Second {
						t.Errorf("%d bytes: after %s %v", size, time.Since(began), err)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				text, err := io.ReadAll(resp.Body)
				if resp.StatusCode != 413 || string(text) != "late" || err != nil {
					t.Errorf("%d bytes: got %d, %q, %v", size, resp.StatusCode, text, err)
				}
				_ = resp.Body.Close()
			})
		}
	}
}
