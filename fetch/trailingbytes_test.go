package fetch

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
)

// startTrailingBytesServer starts a server that sends answer to each request, with more directly after it.
func startTrailingBytesServer(t testing.TB, answer, more string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			handlers.Go(func() {
				defer func() { _ = c.Close() }()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					nettest.Say(c, strings.ReplaceAll(answer, "$PATH", r.URL.Path)+more)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); handlers.Wait() })
	return "http://" + listener.Addr().String()
}

// TestTrailingBytesAreNoResponse checks that bytes after a response are never used as the next response and never spoil
// it, whether they are a whole response or the start of one.
func TestTrailingBytesAreNoResponse(t *testing.T) {
	const poison = "HTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 6\r\n\r\npoison"
	for _, tt := range []struct{ name, method, answer, body, more string }{
		{"a whole answer behind a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", poison},
		{"a whole answer behind chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
			"ok", poison},
		{"a whole answer behind an empty one", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", poison},
		{"a whole answer behind that to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", poison},
		{"the body of HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", "body here"},
		{"the start of an answer behind an empty one", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "",
			poison[:40]},
		{"the body of 204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "", "body here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := startTrailingBytesServer(t, tt.answer, tt.more)
			lines := make([]string, 1500)
			for i := range lines {
				lines[i] = fmt.Sprintf(`{"url":"%s/%d","method":%q}`, url, i, tt.method)
			}
			var sink recorder
			s, err := Run(t.Context(), linesOf(lines...), &sink,
				noRetryOptions(func(o *Options) { o.KeepHeader, o.HostConcurrency = true, 8 }))
			if err != nil {
				t.Fatal(err)
			}
			wrong := 0
			for i, r := range sink.records {
				if r.Failure != nil || sink.bodies[i] != tt.body || r.Header.Get("X-Poison") != "" {
					if wrong++; wrong <= 3 {
						t.Errorf("%s: body %q, header %v, %v", r.Request.URL, sink.bodies[i], r.Header, r.Failure)
					}
				}
			}
			if wrong > 0 || s.Exchanges < int64(len(lines)) {
				t.Errorf("%d of %d answers are wrong: %+v", wrong, len(lines), s)
			}
		})
	}
}

// batchingConn sends all that was written since the last read in one piece.
type batchingConn struct {
	net.Conn
	pending []byte
}

func (c *batchingConn) Write(p []byte) (int, error) {
	c.pending = append(c.pending, p...)
	return len(p), nil
}

func (c *batchingConn) Read(p []byte) (int, error) {
	if _, err := c.Conn.Write(c.pending); err != nil {
		return 0, err
	}
	c.pending = c.pending[:0]
	return c.Conn.Read(p)
}

// TestTrailingBytesInOneSegment checks that trailing bytes are found if they were read from the socket together with
// the response, or are in another TLS record, a proxy's included. A look into the socket would not find them.
func TestTrailingBytesInOneSegment(t *testing.T) {
	certServer := httptest.NewTLSServer(http.NotFoundHandler())
	certServer.Close()
	config := &tls.Config{Certificates: certServer.TLS.Certificates}
	const answer, poison = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
	overTLS := func(c net.Conn) net.Conn { return tls.Server(c, config) }
	for _, tt := range []struct {
		name  string
		over  func(net.Conn) net.Conn
		as    string // the scheme, in front of the server's address
		proxy bool
	}{
		{"plain", func(c net.Conn) net.Conn { return c }, "http://", false},
		{"TLS", overTLS, "https://", false},
		{"a proxy over TLS", overTLS, "https://", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var connections int
			url := nettest.Talk(t, func(raw *net.TCPConn) {
				connections++
				c := tt.over(&batchingConn{Conn: raw})
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					nettest.Say(c, answer)
					if r.URL.Path == "/surplus" {
						nettest.Say(c, poison)
					}
				}
			})
			url = strings.Replace(url, "http://", tt.as, 1)
			roots := x509.NewCertPool()
			roots.AddCert(certServer.Certificate())
			o := noRetryOptions(func(o *Options) { o.TLS = &tls.Config{RootCAs: roots} })
			if tt.proxy {
				o.HTTPProxy, url = url, "http://a.test"
			}
			sink := runIn(t, o, dial.Network{}, url+"/1", url+"/surplus", url+"/2", url+"/3")
			if got := strings.Join(sink.bodies, " "); got != "ok ok ok ok" || connections != 2 {
				t.Errorf("got %q over %d connections", got, connections)
			}
		})
	}
}
