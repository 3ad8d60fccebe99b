package transport

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/nettest"
)

// TestServerOfOneConnectionAtATime: a server that serves nothing else until a connection is closed, as each thread of
// uWSGI 2.0 (--http11-socket), gets to the other connections of a run, however many requests there are for the first.
func TestServerOfOneConnectionAtATime(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			for in := bufio.NewReader(c); ; nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") {
				if _, err := http.ReadRequest(in); err != nil {
					break
				}
				time.Sleep(time.Millisecond)
			}
			_ = c.Close()
		}
	}()

	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	transport := newTestTransport(t)
	exchange := func() {
		to := testTarget(t, "GET", "http://"+listener.Addr().String()+"/", nil)
		if text, err := exchangeOver(ctx, transport, to); text != "ok" || err != nil {
			t.Errorf("got %q, %v", text, err)
		}
	}
	exchange()
	others := make(chan struct{}, 3)
	for range cap(others) {
		go func() {
			exchange()
			others <- struct{}{}
		}()
	}
	for n := 0; n < cap(others); {
		exchange()
		select {
		case <-others:
			n++
		default:
		}
	}
}

// TestMakesRoom: a connection is closed for one whose first request has waited for a second, and for longer each time,
// and for twice as long as the exchange over it took; at once where it is idle.
func TestMakesRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(10, nil)
		defer p.Close()
		start := time.Now()
		f := p.beginFirst("host", start, nil)
		until := func(d time.Duration) {
			time.Sleep(d - time.Since(start))
			synctest.Wait()
		}
		ended := func(took time.Duration) *h1Conn {
			return &h1Conn{used: true, began: time.Now().Add(-took), idle: idleEntry{since: time.Now()}}
		}
		check := func(what string, h *h1Conn, want bool) {
			t.Helper()
			p.mu.Lock()
			defer p.mu.Unlock()
			if got := p.mustMakeRoom("host", h); got != want {
				t.Errorf("%s: %t after %v", what, got, time.Since(start))
			}
		}
		until(999 * time.Millisecond)
		check("early", ended(0), false)
		until(time.Second)
		check("never used", new(h1Conn), false)
		check("no faster", ended(600*time.Millisecond), false)
		check("in time", ended(500*time.Millisecond), true)
		check("a second one", ended(0), false)
		until(3 * time.Second)
		check("two seconds later", ended(0), true)

		idle, conn := newSilentConn()
		other, otherConn := newSilentConn()
		p.putIdle("host", idle)
		p.putIdle("other", other)
		until(7*time.Second - 1)
		if conn.closed.Load() || otherConn.closed.Load() {
			t.Error("the idle connection is closed too early")
		}
		until(7 * time.Second)
		if !conn.closed.Load() || otherConn.closed.Load() {
			t.Error("the idle connection is not closed, or that to another host")
		}
		p.endFirst("host", f, true)
		until(time.Minute)
		check("answered", ended(0), false)
		if len(p.unanswered) != 0 {
			t.Errorf("%d hosts are kept", len(p.unanswered))
		}
	})
}
