package transport

import (
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
)

// A silentConn is a connection over which nothing comes, and that knows whether it has been closed.
type silentConn struct {
	net.Conn
	closed atomic.Bool
}

func (c *silentConn) Close() error {
	c.closed.Store(true)
	return nil
}

func (*silentConn) RemoteAddr() net.Addr            { return &net.TCPAddr{} }
func (*silentConn) SetReadDeadline(time.Time) error { return nil }
func (*silentConn) Read([]byte) (int, error)        { return 0, os.ErrDeadlineExceeded }

// newSilentConn returns an h1Conn over a silentConn, and that.
func newSilentConn() (*h1Conn, *silentConn) {
	c := new(silentConn)
	return newH1Conn(conn.New(c, nil), nil), c
}

// getIdle returns the connection of a host that became idle last and is reusable for the exchange of c, or nil. Those
// that are not are closed.
func (p *pool) getIdle(host string, c *Call) *h1Conn {
	for {
		p.mu.Lock()
		h := p.idle.pop(host)
		p.mu.Unlock()
		if h == nil || h.isReusableFor(c) {
			return h
		}
		p.discard(host, h)
	}
}

// TestIdleConnections compares the idle connections of a pool with a list of them, over a thousand random steps.
func TestIdleConnections(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 1))
		p := newPool(100, nil)
		p.maxIdle = 1 + rng.IntN(8)
		type entry struct {
			host string
			h    *h1Conn
			raw  *silentConn
		}
		var want []entry // the one that has been idle longest first
		for step := range 1000 {
			host := fmt.Sprint("host", rng.IntN(4))
			if rng.IntN(2) == 0 {
				h, raw := newSilentConn()
				p.putIdle(host, h)
				if want = append(want, entry{host, h, raw}); len(want) > p.maxIdle {
					if !want[0].raw.closed.Load() {
						t.Fatalf("seed %d, step %d: the one that has been idle longest is not closed", seed, step)
					}
					want = want[1:]
				}
			} else {
				at := len(want) - 1
				for at >= 0 && want[at].host != host {
					at--
				}
				got := p.getIdle(host, &Call{Target: anyTarget})
				if at < 0 && got != nil || at >= 0 && got != want[at].h {
					t.Fatalf("seed %d, step %d: got the wrong connection", seed, step)
				}
				if at >= 0 {
					want = slices.Delete(want, at, at+1)
				}
			}
			for _, each := range want {
				if each.raw.closed.Load() {
					t.Fatalf("seed %d, step %d: an idle connection is closed", seed, step)
				}
			}
			if p.idle.count != len(want) {
				t.Fatalf("seed %d, step %d: %d idle, want %d", seed, step, p.idle.count, len(want))
			}
		}
		p.CloseIdle()
		for _, each := range want {
			if !each.raw.closed.Load() {
				t.Fatalf("seed %d: CloseIdle leaves one open", seed)
			}
		}
		if p.idle.count != 0 || len(p.idle.byHost) != 0 || p.idle.oldest != nil || p.idle.newest != nil || p.reaper != nil {
			t.Errorf("seed %d: something is left: %+v", seed, p)
		}
	}
}

// TestReapAfterIdleTimeout: a connection is closed at most reapEvery after it has been idle for idleTimeout, not
// before.
func TestReapAfterIdleTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPool(100, nil)
		defer p.Close()
		h1, first := newSilentConn()
		p.putIdle("a", h1)
		time.Sleep(idleTimeout / 3)
		h2, second := newSilentConn()
		p.putIdle("a", h2)
		for _, tt := range []struct {
			wait          time.Duration
			first, second bool // closed by then
		}{
			{idleTimeout*2/3 - time.Millisecond, false, false},
			{reapEvery + 2*time.Millisecond, true, false},
			{idleTimeout/3 - reapEvery - 2*time.Millisecond, true, false},
			{reapEvery + 2*time.Millisecond, true, true},
		} {
			time.Sleep(tt.wait)
			synctest.Wait()
			if first.closed.Load() != tt.first || second.closed.Load() != tt.second {
				t.Errorf("closed: %v and %v, want %v and %v",
					first.closed.Load(), second.closed.Load(), tt.first, tt.second)
			}
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.idle.pop("a") != nil {
			t.Error("a closed connection is taken")
		}
	})
}

// TestReapClosedByPeer: a connection that the other side has closed is closed by reapIdle, so that its file descriptor
// is free.
func TestReapClosedByPeer(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	if !conn.New(ours, nil).CanPoll() {
		t.Skip("no poll(2) here")
	}
	p := newPool(100, nil)
	defer p.Close()
	h := newH1Conn(conn.New(ours, nil), nil)
	p.putIdle("a", h)
	if p.reapIdle(); p.idle.count != 1 {
		t.Error("an open one is closed")
	}
	_ = theirs.Close()
	nettest.Eventually(t, "the end", h.conn.Readable)
	if p.reapIdle(); p.idle.count != 0 {
		t.Error("a closed one is still idle")
	}
}

// TestIsReusableWithoutPoll: where a connection can't be polled, a read finds whether anything has come.
func TestIsReusableWithoutPoll(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	unpolled := struct{ net.Conn }{ours} // hides the socket
	for _, c := range []net.Conn{ours, unpolled} {
		h := newH1Conn(conn.New(c, nil), nil)
		h.used = true
		for range 3 {
			if !h.isReusable() {
				t.Errorf("it is not reusable as %T", c)
			}
		}
	}
	nettest.Say(theirs, "xx")
	for _, c := range []net.Conn{ours, unpolled} {
		h := newH1Conn(conn.New(c, nil), nil)
		h.used = true
		nettest.Eventually(t, "an unread byte", func() bool { return !h.isReusable() })
	}
}

// TestUnusedConnectionOverTLS: a new connection over TLS that carried no exchange is reusable, though session tickets
// are unread on it. Once it has been idle for a while, its end is noticed.
func TestUnusedConnectionOverTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	// With it Go's server sends its session tickets after the client's part of the handshake, as others do.
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
	server.StartTLS()
	defer server.Close()
	d := dial.New(testConfig().Dial)
	connect := func() *h1Conn {
		c, tlsConn, err := d.DialTLS(t.Context(), server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return newH1Conn(c, tlsConn)
	}
	p := newPool(100, nil)
	defer p.CloseIdle()
	for _, wait := range []time.Duration{0, 2 * freshFor} {
		h := connect()
		p.putIdle("a", h)
		if time.Sleep(wait); p.getIdle("a", &Call{Target: anyTarget}) != h {
			t.Errorf("it is not reusable after %s", wait)
		}
		h.close()
	}
	h := connect()
	p.putIdle("a", h)
	time.Sleep(2 * freshFor)
	_ = h.conn.Conn.(*net.TCPConn).CloseRead() // as if the other side had closed it
	if p.getIdle("a", &Call{Target: anyTarget}) != nil {
		t.Error("a closed one is taken")
	}
	p.Close()
	late, raw := newSilentConn()
	if p.putIdle("a", late); !raw.closed.Load() || p.idle.count > 0 {
		t.Error("one that becomes idle after Close is kept")
	}
}
