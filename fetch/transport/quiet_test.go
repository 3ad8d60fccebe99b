package transport

import (
	"io"
	"net"
	"net/http"
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
		h := newH1Conn(conn.New(ours, nil, 0), nil)
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

// TestLateBytesOverQuietConnection: bytes that come behind a response, over a connection that is used again at once,
// are no failure of the next request: it is made over another connection.
func TestLateBytesOverQuietConnection(t *testing.T) {
	server := newTestServer(t, func(c *net.TCPConn, number int, _ *http.Request) bool {
		if number == 2 {
			nettest.Say(c, "\r\n<!-- served by -->")
			return false
		}
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		return true
	})
	transport := newTestTransport(t)
	p := transport.direct.(*pool)
	for i := range 2 {
		p.mu.Lock()
		if p.oldest != nil {
			p.oldest.idle.since = time.Now().Add(time.Hour) // however long this takes
		}
		p.mu.Unlock()
		ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
		resp, err := transport.RoundTrip(ctx, call)
		if err != nil {
			t.Fatal(i, call.Explain(ctx, err, 0, 0))
		}
		if body, err := io.ReadAll(call.Body(resp)); string(body) != "ok" || err != nil || call.IsReused() {
			t.Errorf("exchange %d: got %q, %v, reused %v", i, body, err, call.IsReused())
		}
		_ = resp.Body.Close()
	}
	if server.conns.Load() != 2 || server.requests.Load() != 3 {
		t.Errorf("%d connections, %d requests", server.conns.Load(), server.requests.Load())
	}
}
