package fetch

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// counted is a server that counts the connections made to it.
func counted(t testing.TB, handler http.HandlerFunc) (string, *atomic.Int32) {
	t.Helper()
	made := new(atomic.Int32)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, made
}

// TestConnectionsAreUsedAgain: after a success, an answer nobody wants, a redirect and a coded body.
func TestConnectionsAreUsedAgain(t *testing.T) {
	body := coded(t, text, "gzip")
	url, made := counted(t, func(w http.ResponseWriter, r *http.Request) {
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
	s, err := Run(t.Context(), urls(8, url), &shelf{}, quick(func(o *Options) { o.Concurrency = 1 }))
	if err != nil || s.Exchanges != 9 || s.Failed != 1 || made.Load() != 1 {
		t.Errorf("%d connections, %+v, %v", made.Load(), s, err)
	}
}

// TestConnectionsOverTLSAreUsedAgain: where HTTP/1.1 is the server's choice as well as where it is ours. The session tickets
// that come behind the handshake are no answer, and no reason to hang up.
func TestConnectionsOverTLSAreUsedAgain(t *testing.T) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		for _, protocol := range []transport.Version{transport.Auto, transport.HTTP1} {
			var made atomic.Int32
			server := httptest.NewUnstartedServer(http.HandlerFunc(hello))
			server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
				if state == http.StateNew {
					made.Add(1)
				}
			}
			server.TLS = &tls.Config{MaxVersion: version}
			server.StartTLS()
			defer server.Close()
			o := quick(func(o *Options) {
				o.HTTP, o.Concurrency, o.HostConcurrency = protocol, 4, 4
				o.TLS = &tls.Config{InsecureSkipVerify: true}
			})
			s, err := Run(t.Context(), urls(400, server.URL), &shelf{}, o)
			if err != nil || s.Succeeded != 400 || made.Load() > 4 {
				t.Errorf("%s, %v: %d connections, %+v, %v", tls.VersionName(version), protocol, made.Load(), s, err)
			}
		}
	}
}

// TestUnwantedBodyCostsLittle: an error page without an end holds nothing up.
func TestUnwantedBodyCostsLittle(t *testing.T) {
	sent := make(chan int64, 1)
	url := nettest.Talk(t, func(c *net.TCPConn) {
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.1 404 Not Found\r\n\r\n")
		n, _ := io.Copy(c, &longBody{left: 1 << 40})
		sent <- n
	})
	r, _ := one(t, url, quick(nil))
	if kindOf(r) != failure.BadStatus {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("took %d bytes of it", n)
	}
}

// TestAbandonedHandshakeIsHungUp: nothing that Run started outlives it, a handshake that got no answer included.
func TestAbandonedHandshakeIsHungUp(t *testing.T) {
	gone := make(chan struct{})
	url := strings.Replace(nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c); close(gone) }), "http:", "https:", 1)
	r, _ := one(t, url, quick(func(o *Options) { o.Timeout, o.ConnectTimeout = 100*time.Millisecond, time.Hour }))
	if kindOf(r) != failure.Timeout || !strings.HasSuffix(r.Failure.Error(), "; not yet connected") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
	select {
	case <-gone:
	case <-time.After(10 * time.Second):
		t.Error("the connection outlives the run")
	}
}

// TestTimeoutBoundsTheDialToo: net/http lets a dial go on when the exchange that wanted it has ended; ours ends by then.
func TestTimeoutBoundsTheDialToo(t *testing.T) {
	url := nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c) })
	for _, connect := range []time.Duration{0, time.Hour} {
		o := quick(func(o *Options) { o.Timeout, o.ConnectTimeout = 50*time.Millisecond, connect })
		ctx, giveUp := context.WithTimeout(t.Context(), 10*time.Second)
		config := dial.Config{TLS: new(tls.Config), Family: "tcp", Private: dial.PrivateAllow, Timeouts: o.dialTimeouts}
		_, _, err := dial.New(config).DialTLS(ctx, strings.TrimPrefix(url, "http://"))
		var f *failure.Failure
		if !errors.As(err, &f) || f.Kind != failure.Timeout || !strings.HasPrefix(f.Error(), "timeout 50ms met: ") {
			t.Errorf("connect-timeout %s: got %v", connect, err)
		}
		giveUp()
	}
}

// TestAbandonedHandshakesDoNotPileUp: nor do they while the run goes on. No more are open than may be asked, and as many that are ending.
func TestAbandonedHandshakesDoNotPileUp(t *testing.T) {
	const atOnce, rounds = 4, 5
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var open, most, ended atomic.Int32
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			most.Store(max(most.Load(), open.Add(1))) // by this goroutine only
			handlers.Go(func() { nettest.AwaitClose(c); _ = c.Close(); open.Add(-1) })
		}
	})
	source := func(yield func(Request, error) bool) {
		for i := range atOnce * rounds {
			for giveUp := time.Now().Add(10 * time.Second); i%atOnce == 0 && (ended.Load() < int32(i) || open.Load() > 0); time.Sleep(time.Millisecond) {
				if time.Now().After(giveUp) {
					t.Errorf("%d connections are open after %d of %d exchanges", open.Load(), ended.Load(), i)
					return
				}
			}
			if !yield(Request{URL: "https://" + listener.Addr().String()}, nil) {
				return
			}
		}
	}
	sink := SinkFunc(func(r *Record) error {
		if ended.Add(1); kindOf(r) != failure.Timeout {
			t.Errorf("got %s: %v", kindOf(r), r.Failure)
		}
		return nil
	})
	o := quick(func(o *Options) {
		o.HostConcurrency, o.Timeout, o.ConnectTimeout = atOnce, 50*time.Millisecond, time.Hour
	})
	if _, err := Run(t.Context(), source, sink, o); err != nil {
		t.Error(err)
	}
	if most.Load() > 2*atOnce {
		t.Errorf("%d connections were open at once", most.Load())
	}
	_ = listener.Close()
	handlers.Wait()
}

// TestStaleConnection: a POST over a connection that the server has just closed is no protocol error.
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
	var shelf shelf
	if _, err := Run(t.Context(), linesOf(lines...), &shelf, quick(func(o *Options) { o.Concurrency = 1 })); err != nil {
		t.Fatal(err)
	}
	for _, r := range shelf.records {
		if k := kindOf(r); k != "" && k != failure.Reset && k != failure.Truncated {
			t.Errorf("got %s: %v", k, r.Failure)
		}
	}
}

// TestWhatGoesOverTheWire: as an input line and the options say it, and no word more.
func TestWhatGoesOverTheWire(t *testing.T) {
	for _, tt := range []struct {
		name, line string
		with       func(*Options)
		want       string
	}{
		{name: "a plain URL", line: "%s/ü?q=ü#part", want: "GET /%%C3%%BC?q=%%C3%%BC HTTP/1.1\nHost: %s\nUser-Agent: batchfetch\nAccept: */*\nAccept-Encoding: gzip, deflate, br, zstd"},
		{name: "no user agent", line: "%s", with: func(o *Options) { o.UserAgent = ""; o.Identity = true }, want: "GET / HTTP/1.1\nHost: %s\nAccept: */*\nAccept-Encoding: identity"},
		{name: "a body", line: `{"url":"%s","body":{"a":1}}`, with: func(o *Options) { o.UserAgent = "" },
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 7\nAccept: */*\nAccept-Encoding: gzip, deflate, br, zstd\nContent-Type: application/json\n\n{\"a\":1}"},
		{name: "a Content-Type taken away", line: `{"url":"%s","body":[1]}`, with: func(o *Options) { o.UserAgent, o.Header = "", http.Header{"Content-Type": nil} },
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 3\nAccept: */*\nAccept-Encoding: gzip, deflate, br, zstd\n\n[1]"},
		{name: "a Content-Type taken away from base64", line: `{"url":"%s","body_base64":"YQ=="}`, with: func(o *Options) { o.UserAgent, o.Header = "", http.Header{"Content-Type": nil} },
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 1\nAccept: */*\nAccept-Encoding: gzip, deflate, br, zstd\n\na"},
		{name: "an empty body", line: `{"url":"%s","body":"","headers":{"Accept":"a/b","content-type":"c/d"}}`, with: func(o *Options) { o.UserAgent = "" },
			want: "POST / HTTP/1.1\nHost: %s\nContent-Length: 0\nAccept: a/b\nAccept-Encoding: gzip, deflate, br, zstd\nContent-Type: c/d"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			heard := make(chan string, 1)
			url := nettest.Talk(t, func(c *net.TCPConn) { heard <- listen(c); nettest.Say(c, "HTTP/1.1 204 No Content\r\n\r\n") })
			r, _ := one(t, fmt.Sprintf(tt.line, url), quick(tt.with))
			if r.Failure != nil {
				t.Fatal(r.Failure)
			}
			if got, want := <-heard, fmt.Sprintf(tt.want, strings.TrimPrefix(url, "http://")); got != want {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// listen returns one request as it came, its body included.
func listen(c net.Conn) string {
	in := bufio.NewReader(c)
	var head strings.Builder
	length := 0
	for {
		line, err := in.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line == "" || err != nil {
			break
		}
		_, _ = fmt.Sscanf(line, "Content-Length: %d", &length)
		head.WriteString(line + "\n")
	}
	body := make([]byte, length)
	_, _ = io.ReadFull(in, body)
	return strings.TrimSpace(head.String() + "\n" + string(body))
}

// TestSecretsStayWithTheirHost: over to another origin goes none of what was meant for the first, and no Referer ever.
func TestSecretsStayWithTheirHost(t *testing.T) {
	got := make(chan http.Header, 1)
	away := serve(t, func(w http.ResponseWriter, r *http.Request) { got <- r.Header })
	home := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") == "" || r.Header.Get("Cookie") == "" {
			t.Error("the first host is not given its secrets")
		}
		http.Redirect(w, r, strings.Replace(away, "http://", "http://stranger:word@", 1), http.StatusFound)
	})
	line := fmt.Sprintf(`{"url":%q,"headers":{"Cookie":"a=b","X-Api-Key":"k","Accept-Language":"de"}}`, strings.Replace(home, "http://", "http://u:p@", 1))
	r, _ := one(t, line, quick(func(o *Options) { o.Header = http.Header{"X-From-Flag": {"s"}} }))
	if r.Failure != nil || r.FinalURL != away {
		t.Fatalf("led to %s, %v", r.FinalURL, r.Failure)
	}
	header := <-got
	for _, name := range []string{"Authorization", "Cookie", "X-Api-Key", "X-From-Flag", "Referer"} {
		if header.Get(name) != "" {
			t.Errorf("%s went along", name)
		}
	}
	if header.Get("Accept-Language") != "de" || header.Get("User-Agent") != "batchfetch" {
		t.Errorf("got %v", header)
	}
}
