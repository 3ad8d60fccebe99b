package transport

import (
	"errors"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/failure"
)

// quickPings is for tests with HTTP/3 of connections that are silent.
func quickPings(c *Config) { c.HTTP, c.Dial.PingTime = HTTP3, 2*time.Second }

// TestHTTP3Forgotten: a server that was killed and is back has another key for stateless resets, as those with quic-go
// 0.65 have, so that nothing that it sends says that it has forgotten the connection. That another
// connection can be made does, before the idle timeout. The request goes over that one, unless it may have been
// processed.
func TestHTTP3Forgotten(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			r := &restartable{origin: startTwo(t), key: quic.StatelessResetKey{1}}
			stop := r.start(t)
			transport := http3Transport(t, quickPings)
			url := "https://127.0.0.1:" + itoa(r.port) + "/"
			if got := get(t, transport, url); got != "HTTP/3.0" {
				t.Fatalf("got %q", got)
			}
			r.socket.awaitQuiet(t)
			stop()
			r.key = quic.StatelessResetKey{2}
			defer r.start(t)()
			body, err := exchangeOver(t.Context(), transport, testTarget(t, method, url, nil))
			var f *failure.Failure
			isReset := errors.As(err, &f) && f.Kind == failure.Reset
			if method == "GET" && body != "HTTP/3.0" || method == "POST" && !isReset {
				t.Errorf("%q, %v", body, err)
			}
		})
	}
}

// TestHTTP3Stopped: a path that carries nothing for a while ends no connection, though another one is made once it
// carries something again.
func TestHTTP3Stopped(t *testing.T) {
	t.Parallel()
	o := startTwo(t)
	socket := listenUDP(t, 0)
	gate := &gatedSocket{PacketConn: socket}
	url := "https://127.0.0.1:" + itoa(portOf(socket)) + "/"
	o.serveHTTP3(t, gate, o.answer)
	transport := http3Transport(t, quickPings)
	if got := get(t, transport, url); got != "HTTP/3.0" {
		t.Fatalf("got %q", got)
	}
	gate.shut.Store(true)
	time.AfterFunc(2*time.Second, func() { gate.shut.Store(false) }) // half of the idle timeout
	body, err := exchangeOver(t.Context(), transport, testTarget(t, "POST", url, nil))
	if body != "HTTP/3.0" {
		t.Errorf("%q, %v", body, err)
	}
}

// A gatedSocket is a socket that loses all that comes while shut is true.
type gatedSocket struct {
	net.PacketConn
	shut atomic.Bool
}

// ReadFrom is net.PacketConn's.
func (s *gatedSocket) ReadFrom(p []byte) (n int, from net.Addr, err error) {
	for again := true; again; again = err == nil && s.shut.Load() {
		n, from, err = s.PacketConn.ReadFrom(p)
	}
	return n, from, err
}
