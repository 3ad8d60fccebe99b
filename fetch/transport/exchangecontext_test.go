package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// isClosed reports whether h is closed, which happens in another goroutine.
func isClosed(h *h1Conn) bool {
	select {
	case <-h.conn.Done():
		return true
	default:
		return false
	}
}

// TestExchangeContextClosesConnection: the end of an ExchangeContext closes the connection of the exchange under way,
// and no other.
func TestExchangeContextClosesConnection(t *testing.T) {
	newConn := func() *h1Conn {
		ours, _ := nettest.Pair(t)
		h := newH1Conn(conn.New(ours, nil), nil)
		t.Cleanup(h.close)
		return h
	}
	run, stop := context.WithCancelCause(t.Context())
	x := NewExchangeContext(run)
	defer x.Close()
	first, second := newConn(), newConn()
	x.attach(first)
	if !x.detach(first) {
		t.Error("ended early")
	}
	x.attach(second)
	x.detach(first) // late: its body was closed by another goroutine
	why := errors.New("why")
	stop(why)
	nettest.Eventually(t, "the end of the connection", func() bool { return isClosed(second) })
	if isClosed(first) || x.detach(second) || !errors.Is(context.Cause(x), why) {
		t.Errorf("first is closed: %v; the cause is %v", isClosed(first), context.Cause(x))
	}
	third := newConn()
	if x.attach(third); !isClosed(third) {
		t.Error("a connection that is attached after the end stays open")
	}
}

// TestExchangeContextLimit: a limit ends the exchange for which it was set at its time, and no other.
func TestExchangeContextLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limit := &failure.Limit{Kind: failure.Timeout, Name: "timeout", After: 2 * time.Second}
		x := NewExchangeContext(t.Context())
		defer x.Close()
		for range 3 {
			x.Begin(limit)
			time.Sleep(limit.After - 1)
			x.End()
			time.Sleep(2 * time.Nanosecond)
			x.expire() // as its timer would that fired as it ended
		}
		x.Begin(nil)
		time.Sleep(time.Hour)
		if x.End(); x.Err() != nil {
			t.Fatalf("ended by %v", context.Cause(x))
		}
		x.Begin(limit)
		time.Sleep(limit.After - 1)
		x.expire() // as the timer of an exchange before would
		if x.Err() != nil {
			t.Error("ended early")
		}
		time.Sleep(time.Nanosecond)
		synctest.Wait()
		if context.Cause(x) != error(limit) {
			t.Errorf("the cause is %v", context.Cause(x))
		}
	})
}

// TestExchangesShareContext: exchanges that are made one after another in one ExchangeContext use one connection, and
// its end stops the one that is under way.
func TestExchangesShareContext(t *testing.T) {
	transport := newTestTransport(t)
	release := make(chan struct{})
	url := nettest.Talk(t, func(c *net.TCPConn) {
		for range 3 {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
		<-release
	})
	defer close(release)
	x := NewExchangeContext(t.Context())
	defer x.Close()
	for i := range 4 {
		call := &Call{Target: testTarget(t, "GET", url, nil), Cancel: x.Cancel}
		resp, err := transport.RoundTrip(x, call)
		if err != nil || call.IsReused() != (i > 0) {
			t.Fatalf("exchange %d: %v, reused %v", i, err, call.IsReused())
		}
		if i == 3 {
			x.Cancel(errors.New("enough"))
		}
		if body, err := io.ReadAll(resp.Body); (err != nil) != (i == 3) {
			t.Errorf("exchange %d: got %q, %v", i, body, err)
		}
		_ = resp.Body.Close()
		call.End()
	}
}
