package transport

import (
	"net"
	"net/http"
	"testing"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/nettest"
)

// TestEarlyClosers: once a kept connection of a host has died, under a request or right after a response, what may not
// be replayed goes over connections of its own there, and all else over kept ones.
func TestEarlyClosers(t *testing.T) {
	for _, tt := range []struct {
		name string
		keep func(conn int32, number int) bool // whether the server reads on after a request of a connection
		// dies says that the connection dies under the request instead.
		dies bool
	}{
		{name: "a connection that dies under a request", dies: true,
			keep: func(conn int32, number int) bool { return conn > 1 || number == 1 }},
		{name: "one that is closed right after a response",
			keep: func(conn int32, _ int) bool { return conn > 1 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var server *testServer
			server = newTestServer(t, func(c *net.TCPConn, number int, _ *http.Request) bool {
				kept := tt.keep(server.conns.Load(), number)
				if kept || !tt.dies {
					nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
				return kept
			})
			exchange := func(transport RoundTripper, method string, wantConns int32) {
				t.Helper()
				to := testTarget(t, method, server.url, []byte("x"))
				if body, err := exchangeOver(t.Context(), transport, to); err != nil || body != "ok" {
					t.Fatalf("%s: %q, %v", method, body, err)
				}
				if n := server.conns.Load(); n != wantConns {
					t.Fatalf("%s: connection %d, want %d", method, n, wantConns)
				}
			}
			transport := newTestTransport(t)
			exchange(transport, "GET", 1)
			if !tt.dies {
				time.Sleep(50 * time.Millisecond) // until the end of the stream has come
			}
			exchange(transport, "GET", 2)
			transport.CloseIdle() // so that the server, which serves one connection at a time, takes another
			exchange(transport, "POST", 3)
			exchange(transport, "PUT", 4)
			exchange(transport, "POST", 5)
			exchange(transport, "GET", 6)
			exchange(transport, "GET", 6)
		})
	}
}

// TestKeptConnectionThatIsAboutToEnd: a POST goes over no connection that its server, as Node.js 20 by its
// keepAliveTimeout, says to close about now, so that it is not lost on the way; a GET does, as it can be sent again. A
// POST that comes sooner does too, and one to a server that says nothing.
func TestKeptConnectionThatIsAboutToEnd(t *testing.T) {
	for _, tt := range []struct {
		says, method string
		idle         time.Duration
		wantConns    int32
	}{
		{"Keep-Alive: timeout=1\r\n", "POST", 600 * time.Millisecond, 2},
		{"Keep-Alive: max=5, timeout=1\r\n", "GET", 600 * time.Millisecond, 1},
		{"Keep-Alive: timeout=1\r\n", "POST", 50 * time.Millisecond, 1},
		{"Keep-Alive: max=1\r\n", "POST", 600 * time.Millisecond, 1},
		{"", "POST", 600 * time.Millisecond, 1},
	} {
		t.Run(tt.says+tt.method, func(t *testing.T) {
			t.Parallel()
			server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
				nettest.Say(c, "HTTP/1.1 200 OK\r\n"+tt.says+"Content-Length: 2\r\n\r\nok")
				return true
			})
			transport := newTestTransport(t)
			for range 2 {
				to := testTarget(t, tt.method, server.url, []byte("x"))
				if body, err := exchangeOver(t.Context(), transport, to); err != nil || body != "ok" {
					t.Fatalf("%q, %v", body, err)
				}
				time.Sleep(tt.idle)
			}
			if n := server.conns.Load(); n != tt.wantConns {
				t.Errorf("%d connections, want %d", n, tt.wantConns)
			}
		})
	}
}

// TestKeptFor: how long a server keeps an idle connection, as it says.
func TestKeptFor(t *testing.T) {
	for field, want := range map[string]time.Duration{
		"timeout=5": 5 * time.Second, "timeout=5, max=100": 5 * time.Second, "max=100,Timeout = 20": 20 * time.Second,
		"": 0, "max=3": 0, "timeout": 0, "timeout=-1": 0, "timeout=99999999999": 0, "timeout=0": 0, "300": 0,
	} {
		if got := keptFor(http.Header{"Keep-Alive": {field}}); got != want {
			t.Errorf("%q is %s, want %s", field, got, want)
		}
	}
	if got := keptFor(http.Header{}); got != 0 {
		t.Errorf("%s without the field", got)
	}
}

// TestEarlyClosersAreBounded checks that the memory of such hosts does not grow with their number, and that a host is
// remembered by itself.
func TestEarlyClosersAreBounded(t *testing.T) {
	p := newPool(1, nil)
	post := &Call{Target: testTarget(t, "POST", "http://0", nil)}
	for i := range 2 * maxEarlyClosers {
		p.noteEarlyClose(string(rune(i)))
		if len(p.earlyClosers) > maxEarlyClosers {
			t.Fatalf("%d hosts", len(p.earlyClosers))
		}
	}
	if p.needsFresh(post) {
		t.Error("another host is taken for one that closes early")
	}
	if p.noteEarlyClose("http://0"); !p.needsFresh(post) {
		t.Error("a host that closes early is forgotten")
	}
	if p.needsFresh(&Call{Target: testTarget(t, "GET", "http://0", nil)}) {
		t.Error("GET has no use for a connection of its own")
	}
	if !p.needsFresh(&Call{Target: testTarget(t, "GET", "http://0", nil), NoReplay: true}) {
		t.Error("a GET that is not to be sent again may be lost")
	}
}

// TestUnusedConnectionThatCloses: the end of a connection that has carried no exchange says nothing about kept ones.
func TestUnusedConnectionThatCloses(t *testing.T) {
	for _, used := range []bool{false, true} {
		raw, other := net.Pipe()
		defer func() { _ = other.Close() }()
		p := newPool(1, nil)
		h := newH1Conn(conn.New(raw, nil), nil)
		h.used, h.idle.since = used, time.Now()
		if p.discard("http://a.test", h); p.earlyClosers["http://a.test"] != used {
			t.Errorf("used %t: the host counts as one that closes early: %t", used, !used)
		}
	}
}
