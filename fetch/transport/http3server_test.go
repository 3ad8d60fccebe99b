package transport

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"batchfetch/fetch/transport/h3"
)

// A twoOrigin is an origin over TCP, with HTTP/2, whose Alt-Svc field is as a test wants.
type twoOrigin struct {
	url    string
	tls    *tls.Config
	altSvc atomic.Pointer[string] // nil: there is none
}

// startTwo starts an origin over TCP until the end of the test. Its answers say by which version they came.
func startTwo(t testing.TB) *twoOrigin {
	t.Helper()
	o := new(twoOrigin)
	server := httptest.NewUnstartedServer(http.HandlerFunc(o.answer))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	o.url, o.tls = server.URL, server.TLS
	return o
}

// answer answers a request with its version.
func (o *twoOrigin) answer(w http.ResponseWriter, r *http.Request) {
	if value := o.altSvc.Load(); value != nil && r.URL.Path != "/silent" {
		w.Header().Set("Alt-Svc", *value)
	}
	if used := r.Header.Get("Alt-Used"); used != "" {
		w.Header().Set("X-Used", used)
	}
	_, _ = fmt.Fprint(w, r.Proto)
}

// names sets the Alt-Svc field.
func (o *twoOrigin) names(format string, args ...any) {
	value := fmt.Sprintf(format, args...)
	o.altSvc.Store(&value)
}

// listenUDP listens at a port, 0 being any, until the end of the test.
func listenUDP(t testing.TB, port int) *net.UDPConn {
	t.Helper()
	socket, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	return socket
}

// portOf returns the port of a socket.
func portOf(socket *net.UDPConn) int { return socket.LocalAddr().(*net.UDPAddr).Port }

// serveHTTP3 serves o with HTTP/3 over a socket, until the end of the test, or until stop is called.
func (o *twoOrigin) serveHTTP3(t testing.TB, socket net.PacketConn, handler http.HandlerFunc) (stop func()) {
	t.Helper()
	server := &http3.Server{TLSConfig: http3.ConfigureTLSConfig(o.tls), Handler: handler}
	var running sync.WaitGroup
	running.Go(func() { _ = server.Serve(socket) })
	stop = sync.OnceFunc(func() { _ = server.Close(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

// serveFake3 starts a QUIC server for o whose connections says answers for, each in a goroutine, until the end of the
// test. It returns the port.
func (o *twoOrigin) serveFake3(t testing.TB, says func(n int, c fakeConn)) int {
	t.Helper()
	socket := listenUDP(t, 0)
	server := &quic.Transport{Conn: socket}
	listener, err := server.Listen(http3.ConfigureTLSConfig(o.tls), nil)
	if err != nil {
		t.Fatal(err)
	}
	var running sync.WaitGroup
	running.Go(func() {
		for n := 1; ; n++ {
			c, err := listener.Accept(context.Background())
			if err != nil {
				return
			}
			running.Go(func() {
				control, err := c.OpenUniStream()
				if err != nil {
					return
				}
				_, _ = control.Write([]byte{0, 4, 0}) // SETTINGS
				says(n, fakeConn{c, control})
			})
		}
	})
	t.Cleanup(func() { _, _ = listener.Close(), server.Close(); running.Wait() })
	return portOf(socket)
}

// A fakeConn is the server's side of a connection, with its control stream.
type fakeConn struct {
	*quic.Conn
	control *quic.SendStream
}

// goAway sends a GOAWAY: requests from that stream on, below 64, are not taken.
func (c fakeConn) goAway(stream byte) { _, _ = c.control.Write([]byte{7, 1, stream}) }

// nextStream returns the next stream of a client, with the begin of its request read; nil where the connection ended.
func nextStream(c fakeConn) *quic.Stream {
	stream, err := c.AcceptStream(context.Background())
	if err != nil {
		return nil
	}
	_, _ = stream.Read(make([]byte, 1000))
	return stream
}

// answerFake answers with a status of QPACK's static table, and "fake" as body.
func answerFake(stream *quic.Stream, status byte) {
	_, _ = stream.Write([]byte{1, 3, 0, 0, 0xc0 | status, 0, 4, 'f', 'a', 'k', 'e'})
	_ = stream.Close()
}

// status200 is the index of :status 200 there.
const status200 = 25

// resetStream resets both sides of a stream by a code.
func resetStream(stream *quic.Stream, code h3.Code) {
	stream.CancelRead(quic.StreamErrorCode(code))
	stream.CancelWrite(quic.StreamErrorCode(code))
}

// http3Transport returns a Transport for tests that ends with its test. It waits for a connection with HTTP/3 for half
// as long as a dial may take.
func http3Transport(t testing.TB, change func(*Config)) *Transport {
	t.Helper()
	config := testConfig()
	config.StallTimeout = time.Minute
	if change != nil {
		change(&config)
	}
	transport := New(config)
	t.Cleanup(transport.Close)
	switch direct := transport.direct.(type) { // a handshake may take long on a busy machine
	case *alternating:
		direct.headStart = time.Minute
	case *pool:
		direct.slowDial = time.Minute
	}
	return transport
}

// get makes an exchange and returns what it came to: the body, or the error.
func get(t testing.TB, rt RoundTripper, url string) string {
	t.Helper()
	body, err := exchangeOver(t.Context(), rt, testTarget(t, "GET", url, nil))
	if err != nil {
		return err.Error()
	}
	return body
}

// alternativeOf returns the first service that a Transport knows for an origin.
func alternativeOf(transport *Transport, origin string) altService {
	transport.alternatives.mu.Lock()
	defer transport.alternatives.mu.Unlock()
	known := transport.alternatives.byOrigin[origin]
	if known == nil || len(known.services) == 0 {
		return altService{}
	}
	return known.services[0]
}

// itoa is strconv.Itoa.
func itoa(n int) string { return strconv.Itoa(n) }

// past is a deadline that is over.
var past = time.Unix(1, 0)
