package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"batchfetch/fetch/transport/h2"
)

var errHeaderTooLarge = errors.New("header too large")

// testConfig returns a Config for tests.
func testConfig() *Config {
	return &Config{Window: 64 << 10, Windows: h2.NewWindows(1 << 20), MaxHeaderBytes: 32 << 10,
		HeaderTooLarge: errHeaderTooLarge, PingTime: 15 * time.Second}
}

// testTLS returns the configuration of a server with HTTP/3.
func testTLS(t testing.TB) *tls.Config {
	t.Helper()
	borrowed := httptest.NewUnstartedServer(nil)
	borrowed.StartTLS()
	defer borrowed.Close()
	return http3.ConfigureTLSConfig(borrowed.TLS)
}

// listen returns a UDP socket on loopback, until the end of the test.
func listen(t testing.TB) *net.UDPConn {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	return socket
}

// serve starts an HTTP/3 server, package http3's, until the end of the test.
func serve(t testing.TB, handler http.HandlerFunc) (addr string) {
	t.Helper()
	socket := listen(t)
	server := &http3.Server{TLSConfig: testTLS(t), Handler: handler}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(socket) })
	t.Cleanup(func() { _ = server.Close(); running.Wait() })
	return socket.LocalAddr().String()
}

// A fakeServer is the server's side of a QUIC connection, for what no good server does.
type fakeServer struct{ *quic.Conn }

// serveFake starts a QUIC server whose connections says answers for, one after the other, until the end of the test.
func serveFake(t testing.TB, says func(fakeServer)) (addr string) {
	t.Helper()
	socket := listen(t)
	transport := &quic.Transport{Conn: socket}
	listener, err := transport.Listen(testTLS(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for {
			c, err := listener.Accept(context.Background())
			if err != nil {
				return
			}
			says(fakeServer{c})
			select {
			case <-c.Context().Done():
			case <-time.After(10 * time.Second):
			}
			_ = c.CloseWithError(0, "")
		}
	})
	t.Cleanup(func() { _, _ = listener.Close(), transport.Close(); running.Wait() })
	return socket.LocalAddr().String()
}

// control opens the control stream and sends SETTINGS, and frames behind it.
func (s fakeServer) control(frames ...byte) {
	if stream, err := s.OpenUniStream(); err == nil {
		_, _ = stream.Write(append([]byte{controlStream, frameSettings, 0}, frames...))
	}
}

// answer accepts a stream, reads the begin of the request and sends frames.
func (s fakeServer) answer(frames ...byte) *quic.Stream {
	stream, err := s.AcceptStream(context.Background())
	if err != nil {
		return nil
	}
	_, _ = stream.Read(make([]byte, 1000))
	_, _ = stream.Write(frames)
	return stream
}

// An owner is an Owner that takes notes.
type owner struct {
	mu      sync.Mutex
	done    int
	leaving chan struct{}
	once    sync.Once
}

func (*owner) StreamsAllowed(int) {}
func (*owner) Silent()            {}
func (*owner) Heard()             {}
func (o *owner) Leaving()         { o.once.Do(func() { close(o.leaving) }) }
func (o *owner) ExchangeDone()    { o.mu.Lock(); defer o.mu.Unlock(); o.done++ }

// handshake makes a connection to a server of a test.
func handshake(t testing.TB, addr string, config *Config) (*Session, error) {
	t.Helper()
	socket, err := net.Dial("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return Handshake(t.Context(), socket.(*net.UDPConn), &tls.Config{InsecureSkipVerify: true, ServerName: "localhost",
		NextProtos: []string{"h3"}}, config)
}

// connect makes a connection with HTTP/3 to a server of a test, until its end.
func connect(t testing.TB, addr string, config *Config) (*Conn, *owner) {
	t.Helper()
	session, err := handshake(t, addr, config)
	if err != nil {
		t.Fatal(err)
	}
	o := &owner{leaving: make(chan struct{})}
	c := NewConn(session, config, o, "")
	t.Cleanup(func() { c.Close(); <-c.Done() })
	return c, o
}

// get makes a request and returns its response, with its body.
func get(ctx context.Context, c *Conn, r *h2.Request) (resp *http.Response, body string, err error) {
	r.Scheme, r.Authority = "https", "localhost"
	if r.Method == "" {
		r.Method = http.MethodGet
	}
	if r.Path == "" {
		r.Path = "/"
	}
	if resp, err = c.NewExchange().RoundTrip(ctx, r); err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	all, err := io.ReadAll(resp.Body)
	return resp, string(all), err
}
