package transport

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/nettest"
)

// TestQuietReuse: a connection is used again without a poll where its last response came just now and nothing was left
// behind it, for a request that can be sent again.
func TestQuietReuse(t *testing.T) {
	for _, tt := range []struct {
		name               string
		method             string
		noReplay, fresh    bool
		since              time.Duration
		room               int  // of the last read, which got 2 bytes
		unpolled, reusable bool // with unread bytes
	}{
		{name: "a GET", method: "GET", room: 9, unpolled: true, reusable: true},
		{name: "a POST", method: "POST", room: 9},
		{name: "a GET that is not to be sent again", method: "GET", noReplay: true, room: 9},
		{name: "after a while", method: "GET", since: 2 * quietFor, room: 9},
		{name: "a read that may have left something", method: "GET", room: 2},
		{name: "one that has carried no exchange", method: "GET", fresh: true, since: 2 * freshFor, room: 9},
	} {
		ours, theirs := nettest.Pair(t)
		h := newH1Conn(conn.New(ours, nil), nil)
		if !h.conn.CanPoll() {
			t.Skip("no poll(2) here")
		}
		nettest.Say(theirs, "ok")
		nettest.Eventually(t, "bytes", h.conn.Readable)
		if n, err := h.conn.Read(make([]byte, tt.room)); n != 2 || err != nil {
			t.Fatal(n, err)
		}
		nettest.Say(theirs, "late")
		nettest.Eventually(t, "late bytes", h.conn.Readable)
		h.used, h.idle.since = !tt.fresh, time.Now().Add(time.Hour)
		if tt.since > 0 {
			h.idle.since = time.Now().Add(-tt.since)
		}
		c := &Call{Target: &Target{Method: tt.method}, NoReplay: tt.noReplay}
		if got := h.isReusableFor(c); got != tt.reusable || h.unpolled != tt.unpolled {
			t.Errorf("%s: reusable %v, unpolled %v", tt.name, got, h.unpolled)
		}
		h.close()
	}
}

// TestLateBytesOverUsedConnection: bytes that come behind a response are no failure of the next request: it is made
// over a new connection. They may come after the connection was polled: Starman 0.4016 and Starlet 0.31 send the body
// of a file in response to HEAD, too, in a write of its own.
func TestLateBytesOverUsedConnection(t *testing.T) {
	for _, idle := range []time.Duration{-time.Hour, 2 * quietFor} { // the first costs no poll
		for _, late := range []string{"\r\n<!-- served by -->", "x", ""} {
			server := newTestServer(t, func(c *net.TCPConn, number int, _ *http.Request) bool {
				if number == 2 {
					nettest.Say(c, late)
					return false
				}
				nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				return true
			})
			transport := newTestTransport(t)
			for i := range 2 {
				makeIdle(transport, idle)
				ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
				resp, err := transport.RoundTrip(ctx, call)
				if err != nil {
					t.Fatalf("idle for %v, %q: exchange %d: %v", idle, late, i, call.Explain(ctx, err, 0, 0))
				}
				if body, err := io.ReadAll(call.Body(resp)); string(body) != "ok" || err != nil || call.IsReused() {
					t.Errorf("idle for %v, %q: exchange %d: got %q, %v, reused %v", idle, late, i, body, err, call.IsReused())
				}
				_ = resp.Body.Close()
			}
			if server.conns.Load() != 2 || server.requests.Load() != 3 {
				t.Errorf("idle for %v, %q: %d connections, %d requests", idle, late, server.conns.Load(), server.requests.Load())
			}
		}
	}
}

// makeQuiet lets the last responses over all idle connections of transport have come just now, however long a test
// takes, and returns how many there are.
func makeQuiet(transport *Transport) (idle int) { return makeIdle(transport, -time.Hour) }

// makeIdle lets those have come so long ago.
func makeIdle(transport *Transport, ago time.Duration) (idle int) {
	p := tcpPool(transport)
	p.mu.Lock()
	defer p.mu.Unlock()
	for h := p.idle.oldest; h != nil; h = h.idle.lruNewer {
		h.idle.since = time.Now().Add(-ago)
	}
	return p.idle.count
}

// TestMalformedOverQuietConnections: a server that answers a URL by something else than a response is asked once more
// at most, however many connections could be used again at once.
func TestMalformedOverQuietConnections(t *testing.T) {
	const conns = 4
	var wrong atomic.Int32
	var together, exchanges sync.WaitGroup
	together.Add(conns)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/wrong" {
			wrong.Add(1)
			c, _, _ := http.NewResponseController(w).Hijack() // HTTP/1.1 can
			nettest.Say(c, "wrong\r\n\r\n")
			_ = c.Close()
			return
		}
		together.Done()
		together.Wait() // so that each has a connection
	}))
	t.Cleanup(server.Close)
	transport := newTestTransport(t)
	for range conns {
		exchanges.Go(func() {
			if _, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.URL, nil)); err != nil {
				t.Error(err)
			}
		})
	}
	exchanges.Wait()
	idle := makeQuiet(transport)
	if _, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.URL+"/wrong", nil)); err == nil {
		t.Error("no error")
	}
	if wrong.Load() != 2 || idle != conns {
		t.Errorf("asked %d times, with %d idle connections", wrong.Load(), idle)
	}
}

// TestQuietReuseOverTLS: what TLS has received behind the last response, in the same record or in one of its own, is
// found where the connection is used again at once; without, it stays good.
func TestQuietReuseOverTLS(t *testing.T) {
	for name, tt := range map[string]struct {
		writes []string
		want   bool
	}{
		"nothing":            {[]string{"ok"}, true},
		"in the same record": {[]string{"okmore"}, false},
		"in its own record":  {[]string{"ok", "more"}, false},
		"an empty record":    {[]string{"ok", ""}, true},
	} {
		server := httptest.NewUnstartedServer(nil)
		server.StartTLS()
		certificates := server.TLS.Certificates
		server.Close()
		ours, theirs := nettest.Pair(t)
		below := &gatheredWrites{Conn: theirs}
		serverTLS := tls.Server(below, &tls.Config{Certificates: certificates, SessionTicketsDisabled: true})
		c := conn.New(ours, nil)
		clientTLS := tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		shaken := make(chan error, 1)
		go func() { shaken <- serverTLS.Handshake() }()
		if err := clientTLS.Handshake(); err != nil {
			t.Fatal(err)
		}
		if err := <-shaken; err != nil {
			t.Fatal(err)
		}
		below.gathers = true
		for _, text := range tt.writes {
			nettest.Say(serverTLS, text)
		}
		below.gathers = false
		_, _ = below.Write(below.text) // a failure shows in the read
		h := newH1Conn(c, clientTLS)
		for i := range 2 { // the first leaves a good connection good
			if i == 0 {
				if n, err := clientTLS.Read(make([]byte, 2)); n != 2 || err != nil {
					t.Fatal(name, n, err)
				}
			}
			h.used, h.idle.since = true, time.Now().Add(time.Hour)
			got := h.isReusableFor(&Call{Target: &Target{Method: "GET"}})
			if got != tt.want || !h.unpolled {
				t.Errorf("%s, time %d: reusable %v, unpolled %v", name, i, got, h.unpolled)
			}
			if !got {
				break
			}
		}
		if tt.want {
			nettest.Say(serverTLS, "next")
			b := make([]byte, 9)
			if n, err := clientTLS.Read(b); string(b[:n]) != "next" {
				t.Errorf("%s: then %q, %v", name, b[:n], err)
			}
		}
		h.close()
	}
}

// gatheredWrites is a connection that keeps what is written to it as long as gathers is set.
type gatheredWrites struct {
	net.Conn
	gathers bool
	text    []byte
}

func (w *gatheredWrites) Write(p []byte) (int, error) {
	if !w.gathers {
		return w.Conn.Write(p)
	}
	w.text = append(w.text, p...)
	return len(p), nil
}
