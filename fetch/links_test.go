package fetch

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
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
	return newH1Conn(newConn(h, nil, 0), nil), h
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

// TestSweepFindsTheDead: a link that the other side has closed is hung up at the next sweep, so that its descriptor is free.
func TestSweepFindsTheDead(t *testing.T) {
	ours, theirs := connected(t)
	if !newConn(ours, nil, 0).canPoll() {
		t.Skip("no poll(2) here")
	}
	ls := newPool(100, nil)
	defer ls.Close()
	l := newH1Conn(newConn(ours, nil, 0), nil)
	ls.putIdle("a", l)
	if ls.reapIdle(); ls.idleCount != 1 {
		t.Error("a live one is hung up")
	}
	_ = theirs.Close()
	soon(t, "the end", l.conn.readable)
	if ls.reapIdle(); ls.idleCount != 0 {
		t.Error("a dead one lies on")
	}
}

// TestClosingIsHeeded: where either side says that the connection ends with this exchange, it does, though the other side leaves it open.
func TestClosingIsHeeded(t *testing.T) {
	for _, tt := range []struct {
		line, answer string
		connections  int
	}{
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 3},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 1},
		{`{"url":"%s","headers":{"Connection":"close"}}`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
	} {
		connections := 0
		url := talk(t, func(c *net.TCPConn) {
			connections++
			for in := bufio.NewReader(c); ; say(c, tt.answer) {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
			}
		})
		line := strings.ReplaceAll(tt.line, "%s", url)
		if shelf := along(t, quick(nil), network{}, line, line, line); shelf.kinds() != "ok ok ok" || connections != tt.connections {
			t.Errorf("%s: %q: %s over %d connections", tt.line, tt.answer, shelf.kinds(), connections)
		}
	}
}

// TestHalfAnAnswerIsNotAskedForAgain: a connection used again that dies behind the first byte of an answer, or behind an interim
// one, has carried the request.
func TestHalfAnAnswerIsNotAskedForAgain(t *testing.T) {
	for _, half := range []string{"HTTP/1", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
		asked := 0
		url := talk(t, func(c *net.TCPConn) {
			in := bufio.NewReader(c)
			for {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				if asked++; asked == 2 {
					say(c, half)
					return
				}
				say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		if shelf := along(t, quick(nil), network{}, url, url); shelf.kinds() != "ok truncated" || asked != 2 {
			t.Errorf("%s, asked %d times: %v", shelf.kinds(), asked, shelf.records[1].Failure)
		}
	}
}

// TestAnotherProtocolInItsPlace: where a link dies under a request and the next connection speaks HTTP/2, nothing of the link sticks
// to the exchange.
func TestAnotherProtocolInItsPlace(t *testing.T) {
	backend, o := secured(t, true, hello)
	o.TLS = &tls.Config{InsecureSkipVerify: true}
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	lender.Close()
	config := &tls.Config{Certificates: lender.TLS.Certificates, NextProtos: []string{"http/1.1"}}
	var made atomic.Int32
	url := talk(t, func(raw *net.TCPConn) {
		if made.Add(1) > 1 {
			there, err := net.Dial("tcp", strings.TrimPrefix(backend, "https://"))
			if err == nil {
				relay(raw, there)
			}
			return
		}
		c := tls.Server(raw, config)
		in := bufio.NewReader(c)
		_, _ = http.ReadRequest(in)
		say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = http.ReadRequest(in)
	})
	url = strings.Replace(url, "http:", "https:", 1)
	shelf := along(t, o, network{}, url+"/1", url+"/2")
	if got := strings.Join(shelf.bodies, " "); shelf.kinds() != "ok ok" || got != "ok HTTP/2.0" {
		t.Errorf("%s, %q: %v", shelf.kinds(), got, shelf.records[1].Failure)
	}
}

// TestLinkWithoutALook: where no peek says what has come, a read does.
func TestLinkWithoutALook(t *testing.T) {
	ours, theirs := connected(t)
	unpolled := struct{ net.Conn }{ours} // shows no socket
	for _, c := range []net.Conn{ours, unpolled} {
		l := newH1Conn(newConn(c, nil, 0), nil)
		l.used = true
		for range 3 {
			if !l.isReusable() {
				t.Errorf("it is not reusable as %T", c)
			}
		}
	}
	say(theirs, "xx")
	for _, c := range []net.Conn{ours, unpolled} {
		l := newH1Conn(newConn(c, nil, 0), nil)
		l.used = true
		soon(t, "noise", func() bool { return !l.isReusable() })
	}
}

// TestNewLinkThatNobodyTook: one made over TLS is given to whoever comes first, whatever tickets lie on it. Later it is looked at.
func TestNewLinkThatNobodyTook(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} // Go's server sends its tickets behind our part of the handshake then, as others do
	server.StartTLS()
	defer server.Close()
	d := newDialer(testConfig().Dial)
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
