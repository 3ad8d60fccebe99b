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

// A hung connection is quiet, and knows whether it has been closed.
type hung struct {
	net.Conn
	up atomic.Bool
}

func (h *hung) Close() error {
	h.up.Store(true)
	return nil
}

// RemoteAddr names nothing.
func (*hung) RemoteAddr() net.Addr { return &net.TCPAddr{} }

func (*hung) SetReadDeadline(time.Time) error { return nil }

func (*hung) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func hungLink() (*h1Conn, *hung) {
	h := new(hung)
	return newH1Conn(conn.New(h, nil, 0), nil), h
}

// TestIdleLinks holds what lies idle against a list of it, over a thousand random steps.
func TestIdleLinks(t *testing.T) {
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 1))
		ls := newPool(100, nil)
		ls.maxIdle = 1 + chance.IntN(8)
		type lying struct {
			key  string
			link *h1Conn
			hung *hung
		}
		var want []lying // the longest idle first
		for step := range 1000 {
			key := fmt.Sprint("host", chance.IntN(4))
			if chance.IntN(2) == 0 {
				l, h := hungLink()
				ls.putIdle(key, l)
				if want = append(want, lying{key, l, h}); len(want) > ls.maxIdle {
					if !want[0].hung.up.Load() {
						t.Fatalf("seed %d, step %d: the longest idle is not hung up", seed, step)
					}
					want = want[1:]
				}
			} else {
				at := len(want) - 1
				for at >= 0 && want[at].key != key {
					at--
				}
				got := ls.getIdle(key)
				if at < 0 && got != nil || at >= 0 && got != want[at].link {
					t.Fatalf("seed %d, step %d: took the wrong link", seed, step)
				}
				if at >= 0 {
					want = slices.Delete(want, at, at+1)
				}
			}
			for _, each := range want {
				if each.hung.up.Load() {
					t.Fatalf("seed %d, step %d: hung up", seed, step)
				}
			}
			if ls.idleCount != len(want) {
				t.Fatalf("seed %d, step %d: %d idle, want %d", seed, step, ls.idleCount, len(want))
			}
		}
		ls.CloseIdle()
		for _, each := range want {
			if !each.hung.up.Load() {
				t.Fatalf("seed %d: still open at the end", seed)
			}
		}
		if ls.idleCount != 0 || len(ls.idleByHost) != 0 || ls.oldest != nil || ls.newest != nil || ls.reaper != nil {
			t.Errorf("seed %d: something is left: %+v", seed, ls)
		}
	}
}

// TestIdleLinksAreHungUpInTime: each within a sweep of when it has lain idle for as long as it may, not before.
func TestIdleLinksAreHungUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ls := newPool(100, nil)
		defer ls.Close()
		first, one := hungLink()
		second, two := hungLink()
		ls.putIdle("a", first)
		time.Sleep(idleTimeout / 3)
		ls.putIdle("a", second)
		for _, tt := range []struct {
			wait     time.Duration
			one, two bool
		}{{idleTimeout*2/3 - time.Millisecond, false, false}, {reapEvery + 2*time.Millisecond, true, false}, {idleTimeout/3 - reapEvery - 2*time.Millisecond, true, false}, {reapEvery + 2*time.Millisecond, true, true}} {
			time.Sleep(tt.wait)
			synctest.Wait()
			if one.up.Load() != tt.one || two.up.Load() != tt.two {
				t.Errorf("hung up %v and %v, want %v and %v", one.up.Load(), two.up.Load(), tt.one, tt.two)
			}
		}
		if ls.popIdle("a") != nil {
			t.Error("a link that was hung up is taken")
		}
	})
}

// TestSweepFindsTheDead: a link that the other side has closed is hung up at the next sweep, so that its descriptor is
// free.
func TestSweepFindsTheDead(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	if !conn.New(ours, nil, 0).CanPoll() {
		t.Skip("no poll(2) here")
	}
	ls := newPool(100, nil)
	defer ls.Close()
	l := newH1Conn(conn.New(ours, nil, 0), nil)
	ls.putIdle("a", l)
	if ls.reapIdle(); ls.idleCount != 1 {
		t.Error("a live one is hung up")
	}
	_ = theirs.Close()
	nettest.Eventually(t, "the end", l.conn.Readable)
	if ls.reapIdle(); ls.idleCount != 0 {
		t.Error("a dead one lies on")
	}
}

// TestLinkWithoutALook: where no peek says what has come, a read does.
func TestLinkWithoutALook(t *testing.T) {
	ours, theirs := nettest.Pair(t)
	unpolled := struct{ net.Conn }{ours} // shows no socket
	for _, c := range []net.Conn{ours, unpolled} {
		l := newH1Conn(conn.New(c, nil, 0), nil)
		l.used = true
		for range 3 {
			if !l.isReusable() {
				t.Errorf("it is not reusable as %T", c)
			}
		}
	}
	nettest.Say(theirs, "xx")
	for _, c := range []net.Conn{ours, unpolled} {
		l := newH1Conn(conn.New(c, nil, 0), nil)
		l.used = true
		nettest.Eventually(t, "noise", func() bool { return !l.isReusable() })
	}
}

// TestNewLinkThatNobodyTook: one made over TLS is given to whoever comes first, whatever tickets lie on it. Later it
// is looked at.
func TestNewLinkThatNobodyTook(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} // Go's server sends its tickets behind our part of the handshake then, as others do
	server.StartTLS()
	defer server.Close()
	d := dial.New(testConfig().Dial)
	dial := func() *h1Conn {
		c, secured, err := d.DialTLS(t.Context(), server.Listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return newH1Conn(c, secured)
	}
	ls := newPool(100, nil)
	defer ls.CloseIdle()
	for _, wait := range []time.Duration{0, 2 * freshFor} {
		l := dial()
		ls.putIdle("a", l)
		if time.Sleep(wait); ls.getIdle("a") != l {
			t.Errorf("it is not taken after %s", wait)
		}
		l.close()
	}
	l := dial()
	ls.putIdle("a", l)
	time.Sleep(2 * freshFor)
	_ = l.conn.Conn.(*net.TCPConn).CloseRead() // as good as the other side's end
	if ls.getIdle("a") != nil {
		t.Error("a dead one is taken")
	}
	ls.Close()
	late, hung := hungLink()
	if ls.putIdle("a", late); !hung.up.Load() || ls.idleCount > 0 {
		t.Error("one that comes after the end is kept")
	}
}
