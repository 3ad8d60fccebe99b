package fetch

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// TestConnectionsAreUsedAgain checks that a connection is reused after a success, an unwanted response, a redirect and
// a coded body.
func TestConnectionsAreUsedAgain(t *testing.T) {
	body := codingtest.Encode(t, sampleText, "gzip")
	url, made := startCountingServer(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/1":
			http.Error(w, strings.Repeat("no ", 1000), 404)
		case "/2":
			http.Redirect(w, r, "/0", http.StatusFound)
		case "/3":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, body)
		}
	})
	s, err := Run(t.Context(), urls(8, url), &recorder{}, noRetryOptions(func(o *Options) { o.Concurrency = 1 }))
	if err != nil || s.Exchanges != 9 || s.Failed != 1 || made.Load() != 1 ||
		s.ConnectionsMade != 1 || s.ConnectionsReused != 8 {
		t.Errorf("%d connections, %+v, %v", made.Load(), s, err)
	}
}

// TestIdleConnectionsHoldNoWorker: a server with one worker, which reads one connection until its end as those that
// fork do (Starman, which waits a second at an idle one), comes to all connections of a run: those that have no request
// left are closed while others have one.
func TestIdleConnectionsHoldNoWorker(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inputEnds, served := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(served)
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			for in := bufio.NewReader(c); ; {
				if _, err := http.ReadRequest(in); err != nil {
					break
				}
				<-inputEnds
				nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			}
			_ = c.Close()
		}
	}()
	source := func(yield func(Request, error) bool) {
		urls(12, "http://"+listener.Addr().String())(yield)
		time.AfterFunc(100*time.Millisecond, func() { close(inputEnds) }) // the run has seen the end by then
	}
	o := noRetryOptions(func(o *Options) { o.Concurrency, o.HostConcurrency, o.StallTimeout = 4, 4, ampleLimit })
	s, err := Run(t.Context(), source, &recorder{}, o)
	if err != nil || s.Succeeded != 12 {
		t.Errorf("%+v, %v", s, err)
	}
	_ = listener.Close()
	<-served
}

// TestConnectionsOverTLSAreUsedAgain checks that TLS connections are reused, whether the server chose HTTP/1.1 or we
// did. Session tickets that follow the handshake are no response, and no reason to close.
func TestConnectionsOverTLSAreUsedAgain(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, protocol := range []transport.Version{transport.Auto, transport.HTTP1} {
			var made atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(respondProtocol))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					made.Add(1)
				}
			}
			server.TLS = &tls.Config{MaxVersion: version}
			server.StartTLS()
			defer server.Close()
			o := noRetryOptions(func(o *Options) {
				o.HTTP, o.Concurrency, o.HostConcurrency = protocol, 4, 4
				o.TLS = &tls.Config{InsecureSkipVerify: true}
			})
			s, err := Run(t.Context(), urls(400, server.URL), &recorder{}, o)
			if err != nil || s.Succeeded != 400 || made.Load() > 4 {
				t.Errorf("%s, %v: %d connections, %+v, %v", tls.VersionName(version), protocol, made.Load(), s, err)
			}
		}
	}
}

// TestStaleConnection checks that a POST over a connection that the server has just closed is no protocol error.
func TestStaleConnection(t *testing.T) {
	url := nettest.Talk(t, func(c *net.TCPConn) {
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
	})
	post := fmt.Sprintf(`{"url":%q,"body":"x"}`, url)
	lines := make([]string, 200)
	for i := range lines {
		lines[i] = post
	}
	var sink recorder
	if _, err := Run(t.Context(), linesOf(lines...), &sink,
		noRetryOptions(func(o *Options) { o.Concurrency = 1 })); err != nil {
		t.Fatal(err)
	}
	for _, r := range sink.records {
		if k := kindOf(r); k != "" && k != failure.Reset && k != failure.Truncated {
			t.Errorf("got %s: %v", k, r.Failure)
		}
	}
}

// TestReusedConnectionThatIsClosed checks what follows when a server closes a connection just as it is reused: a GET is
// sent again at once, without a new attempt; a request with a body fails, and --retry-on decides.
func TestReusedConnectionThatIsClosed(t *testing.T) {
	for _, tt := range []struct {
		line, want string
		requests   int32
	}{
		{`%s/`, "ok ok", 3},
		{`{"url":"%s/","retry":false}`, "ok truncated", 2},
		{`{"url":"%s/","method":"PUT","body":"x"}`, "ok truncated", 2},
		{`{"url":"%s/","method":"POST","body":"x"}`, "ok truncated", 2},
	} {
		var requests atomic.Int32
		url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if requests.Add(1) == 2 {
				panic(http.ErrAbortHandler)
			}
		})
		line := strings.ReplaceAll(tt.line, "%s", url)
		sink := runIn(t, noRetryOptions(nil), dial.Network{}, line, line)
		if sink.kinds() != tt.want || requests.Load() != tt.requests || sink.records[1].Attempts != 1 {
			t.Errorf("%s: %s after %d attempts, %d requests: %v", tt.line, sink.kinds(), sink.records[1].Attempts,
				requests.Load(), sink.records[1].Failure)
		}
	}
}

// TestConnectionClose checks that a connection is not reused if either side says that it closes after this exchange,
// although the server leaves it open.
func TestConnectionClose(t *testing.T) {
	for _, tt := range []struct {
		line, answer string
		connections  int
	}{
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 3},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 1},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nok", 1},
		// another reader may see another end of these
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\n\r\nok", 3},
		{`%s`, "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", 3},
		{`{"url":"%s","headers":{"Connection":"close"}}`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
	} {
		connections := 0
		url := nettest.Talk(t, func(c *net.TCPConn) {
			connections++
			for in := bufio.NewReader(c); ; nettest.Say(c, tt.answer) {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
			}
		})
		line := strings.ReplaceAll(tt.line, "%s", url)
		if sink := runIn(t, noRetryOptions(nil), dial.Network{}, line, line, line); sink.kinds() != "ok ok ok" ||
			connections != tt.connections {
			t.Errorf("%s: %q: %s over %d connections", tt.line, tt.answer, sink.kinds(), connections)
		}
	}
}

// TestTruncatedResponseIsNotReplayed checks that a request is not sent again if its reused connection closes after the
// first byte of a response, or after an interim response.
func TestTruncatedResponseIsNotReplayed(t *testing.T) {
	for _, half := range []string{"HTTP/1", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
		requests := 0
		url := nettest.Talk(t, func(c *net.TCPConn) {
			in := bufio.NewReader(c)
			for {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				if requests++; requests == 2 {
					nettest.Say(c, half)
					return
				}
				nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		if sink := runIn(t, noRetryOptions(nil), dial.Network{}, url, url); sink.kinds() != "ok truncated" || requests != 2 {
			t.Errorf("%s, %d requests: %v", sink.kinds(), requests, sink.records[1].Failure)
		}
	}
}

// TestReplayOverAnotherProtocol checks that if an HTTP/1.1 connection closes under a request and the next one speaks
// HTTP/2, no state of the first is left in the exchange.
func TestReplayOverAnotherProtocol(t *testing.T) {
	backend, o := startTLSServer(t, true, respondProtocol)
	o.TLS = &tls.Config{InsecureSkipVerify: true}
	certServer := httptest.NewTLSServer(http.NotFoundHandler())
	certServer.Close()
	config := &tls.Config{Certificates: certServer.TLS.Certificates, NextProtos: []string{"http/1.1"}}
	var made atomic.Int32
	url := nettest.Talk(t, func(raw *net.TCPConn) {
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
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = http.ReadRequest(in)
	})
	url = strings.Replace(url, "http:", "https:", 1)
	sink := runIn(t, o, dial.Network{}, url+"/1", url+"/2")
	if got := strings.Join(sink.bodies, " "); sink.kinds() != "ok ok" || got != "ok HTTP/2.0" {
		t.Errorf("%s, %q: %v", sink.kinds(), got, sink.records[1].Failure)
	}
}
