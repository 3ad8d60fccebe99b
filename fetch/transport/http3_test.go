package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport/h3"
)

// onlyHTTP3 lets a Transport speak HTTP/3 alone.
func onlyHTTP3(c *Config) { c.HTTP = HTTP3 }

// TestHTTP3Alone: over https:// it is spoken at once, and kept; over http:// it can't be.
func TestHTTP3Alone(t *testing.T) {
	o := startTwo(t)
	socket := listenUDP(t, 0)
	o.serveHTTP3(t, socket, o.answer)
	url := "https://127.0.0.1:" + itoa(portOf(socket))
	transport := http3Transport(t, onlyHTTP3)
	for range 2 {
		if got := get(t, transport, url); got != "HTTP/3.0" {
			t.Errorf("got %q", got)
		}
	}
	if got := get(t, transport, strings.Replace(url, "https", "http", 1)); got != "HTTP/3 is for https:// alone" {
		t.Errorf("got %q", got)
	}
}

// TestHTTP3Refused: what a host that is not there, or speaks something else, comes to.
func TestHTTP3Refused(t *testing.T) {
	o := startTwo(t)
	closed := listenUDP(t, 0)
	_ = closed.Close()
	other := listenUDP(t, 0)
	otherTLS := o.tls.Clone()
	otherTLS.NextProtos = []string{"other"}
	listener, err := quic.Listen(other, otherTLS, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	for _, tt := range []struct {
		name string
		port int
		kind failure.Kind
		text string
	}{
		{"a closed port", portOf(closed), failure.Connect, "connection refused, over UDP"},
		{"another protocol", portOf(other), failure.Protocol, "127.0.0.1 does not speak HTTP/3"},
		{"no version in common", versionless(t), failure.Protocol, "speaks no version of QUIC that is spoken here"},
	} {
		transport := http3Transport(t, onlyHTTP3)
		to := testTarget(t, "GET", "https://127.0.0.1/", nil)
		to.URL.Host = net.JoinHostPort("127.0.0.1", itoa(tt.port))
		_, err := exchangeOver(t.Context(), transport, to)
		var f *failure.Failure
		if !errors.As(err, &f) || f.Kind != tt.kind || !strings.Contains(f.Error(), tt.text) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// versionless starts a server that speaks a version of QUIC that nobody else does (RFC 9000 section 6.1), until the end
// of the test, and returns its port.
func versionless(t testing.TB) int {
	socket := listenUDP(t, 0)
	go func() {
		p := make([]byte, 2000)
		for {
			n, from, err := socket.ReadFromUDPAddrPort(p)
			if err != nil {
				return
			}
			if n < 1200 || p[0]&0x80 == 0 {
				continue
			}
			destination := p[6 : 6+p[5]]
			source := p[7+p[5] : 7+p[5]+p[6+p[5]]]
			answer := append([]byte{0x80, 0, 0, 0, 0, byte(len(source))}, source...)
			answer = append(append(answer, byte(len(destination))), destination...)
			_, _ = socket.WriteToUDPAddrPort(append(answer, 0xfa, 0xce, 0xb0, 0x0c), from)
		}
	}()
	return portOf(socket)
}

// TestHTTP3Again: what the server has not taken is sent again without an error, whatever the method, over the same
// connection or the next.
func TestHTTP3Again(t *testing.T) {
	o := startTwo(t)
	for _, tt := range []struct {
		name, method string
		says         func(n int, c fakeConn)
		want         string
		conns        int32
	}{
		{name: "rejected once", method: "POST", want: "fake", conns: 1, says: func(_ int, c fakeConn) {
			resetStream(nextStream(c), h3.RequestRejected)
			answerFake(nextStream(c), status200)
		}},
		{name: "rejected for ever", method: "POST", want: "the server refused the stream", conns: 1,
			says: func(_ int, c fakeConn) {
				for stream := nextStream(c); stream != nil; stream = nextStream(c) {
					resetStream(stream, h3.RequestRejected)
				}
			}},
		{name: "goodbye", method: "POST", want: "fake", conns: 2, says: func(n int, c fakeConn) {
			if stream := nextStream(c); n > 1 {
				answerFake(stream, status200)
				return
			}
			c.goAway(0)
		}},
		{name: "an internal error", method: "GET", want: "the server gave the connection up: " +
			"H3_INTERNAL_ERROR (HTTP/3 error code 0x102)", conns: 1, says: func(_ int, c fakeConn) {
			nextStream(c)
			_ = c.CloseWithError(0x102, "")
		}},
		{name: "fallback", method: "GET", want: "the server wants to be asked in HTTP/1.1: " +
			"H3_VERSION_FALLBACK (HTTP/3 error code 0x110)", conns: 1, says: func(_ int, c fakeConn) {
			resetStream(nextStream(c), h3.VersionFallback)
		}},
	} {
		var conns atomic.Int32
		port := o.serveFake3(t, func(n int, c fakeConn) {
			conns.Add(1)
			tt.says(n, c)
		})
		transport := http3Transport(t, onlyHTTP3)
		to := testTarget(t, tt.method, "https://127.0.0.1:"+itoa(port)+"/", nil)
		got, err := exchangeOver(t.Context(), transport, to)
		if err != nil {
			got = err.Error()
		}
		if !strings.HasPrefix(got, tt.want) || conns.Load() != tt.conns {
			t.Errorf("%s: %q over %d connections", tt.name, got, conns.Load())
		}
	}
}

// TestHTTP3Guard: a private address is refused before anything is sent there.
func TestHTTP3Guard(t *testing.T) {
	socket := listenUDP(t, 0)
	transport := http3Transport(t, func(c *Config) { c.HTTP, c.Private = HTTP3, dial.PrivateDeny })
	got := get(t, transport, "https://localhost:"+itoa(portOf(socket))+"/")
	if !strings.Contains(got, "127.0.0.1 (loopback), the address of localhost, is not public") {
		t.Errorf("got %q", got)
	}
	_ = socket.SetReadDeadline(past)
	if n, _, err := socket.ReadFrom(make([]byte, 1)); err == nil {
		t.Errorf("%d bytes were sent", n)
	}
}

// TestHTTP3Connections: many exchanges at once share one connection.
func TestHTTP3Connections(t *testing.T) {
	o := startTwo(t)
	var conns atomic.Int32
	port := o.serveFake3(t, func(_ int, c fakeConn) {
		conns.Add(1)
		for stream := nextStream(c); stream != nil; stream = nextStream(c) {
			answerFake(stream, status200)
		}
	})
	transport := http3Transport(t, onlyHTTP3)
	results := make(chan string)
	for range 20 {
		go func() { results <- get(t, transport, "https://127.0.0.1:"+itoa(port)+"/") }()
	}
	for range 20 {
		if got := <-results; got != "fake" {
			t.Errorf("got %q", got)
		}
	}
	if n := conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestHTTP3MidBody: a server that is gone in the middle of a body is one that closed the connection before its end.
func TestHTTP3MidBody(t *testing.T) {
	o := startTwo(t)
	socket := listenUDP(t, 0)
	stop := o.serveHTTP3(t, socket, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		_, _ = io.WriteString(w, "half")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	})
	transport := http3Transport(t, onlyHTTP3)
	to := testTarget(t, "GET", "https://127.0.0.1:"+itoa(portOf(socket))+"/", nil)
	ctx, call := startCall(t, to)
	resp, err := transport.RoundTrip(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(call.Body(resp), make([]byte, 4)); err != nil {
		t.Fatal(err)
	}
	stop()
	_, err = io.ReadAll(call.Body(resp))
	if f := call.Explain(ctx, err, resp.StatusCode, 4); f.Kind != failure.Truncated {
		t.Errorf("%s: %v", f.Kind, f)
	}
}

// A restartable is a QUIC server with HTTP/3 that can end without a word, and begin again at the same port with the
// same key for stateless resets (RFC 9000 section 10.3).
type restartable struct {
	origin *twoOrigin
	socket *countedSocket // stays open meanwhile, as a closed port would tell clients
	port   int
	key    quic.StatelessResetKey
	verify bool // clients' addresses, by a Retry (RFC 9000 section 8.1.2)
}

// start starts it, until stop is called.
func (r *restartable) start(t *testing.T) (stop func()) {
	t.Helper()
	if r.socket == nil {
		socket := listenUDP(t, 0)
		r.socket, r.port = &countedSocket{PacketConn: socket}, portOf(socket)
	}
	transport := &quic.Transport{Conn: r.socket, StatelessResetKey: &r.key,
		VerifySourceAddress: func(net.Addr) bool { return r.verify }}
	listener, err := transport.ListenEarly(http3.ConfigureTLSConfig(r.origin.tls), &quic.Config{Allow0RTT: true})
	if err != nil {
		t.Fatal(err)
	}
	server := &http3.Server{Handler: http.HandlerFunc(r.origin.answer)}
	var running sync.WaitGroup
	running.Go(func() { _ = server.ServeListener(listener) })
	return func() {
		_ = transport.Close() // says nothing to clients
		_ = server.Close()
		running.Wait()
	}
}

// A countedSocket is a socket that counts its packets.
type countedSocket struct {
	net.PacketConn
	packets atomic.Int32
}

func (s *countedSocket) ReadFrom(p []byte) (int, net.Addr, error) {
	n, from, err := s.PacketConn.ReadFrom(p)
	s.packets.Add(1)
	return n, from, err
}

func (s *countedSocket) WriteTo(p []byte, to net.Addr) (int, error) {
	s.packets.Add(1)
	return s.PacketConn.WriteTo(p, to)
}

// awaitQuiet waits until both sides of a connection have sent what they owed, such as acknowledgements.
func (s *countedSocket) awaitQuiet(t *testing.T) {
	t.Helper()
	before, same := s.packets.Load(), 0
	nettest.Eventually(t, "quiet", func() bool {
		now := s.packets.Load()
		if same++; now != before {
			before, same = now, 0
		}
		return same > 100
	})
}

// TestHTTP3StatelessReset: a server that has forgotten the connection says so, and the request goes over another one
// without an error; not so one that may have been processed.
func TestHTTP3StatelessReset(t *testing.T) {
	r := &restartable{origin: startTwo(t), key: quic.StatelessResetKey{1}}
	stop := r.start(t)
	transport := http3Transport(t, onlyHTTP3)
	url := "https://127.0.0.1:" + itoa(r.port) + "/"
	for _, method := range []string{"GET", "GET", "POST"} { // the first is over a new connection
		body, err := exchangeOver(t.Context(), transport, testTarget(t, method, url, nil))
		if method == "GET" && body != "HTTP/3.0" {
			t.Errorf("%s: %q, %v", method, body, err)
		}
		var f *failure.Failure
		if method == "POST" && (!errors.As(err, &f) || f.Kind != failure.Reset) {
			t.Errorf("%s: %q, %v", method, body, err)
		}
		r.socket.awaitQuiet(t)
		stop()
		stop = r.start(t)
	}
	stop()
}

// TestHTTP3Retry: an address that is validated by a Retry is a connection like others.
func TestHTTP3Retry(t *testing.T) {
	r := &restartable{origin: startTwo(t), verify: true}
	defer r.start(t)()
	if got := get(t, http3Transport(t, onlyHTTP3), "https://127.0.0.1:"+itoa(r.port)+"/"); got != "HTTP/3.0" {
		t.Errorf("got %q", got)
	}
}

// TestHTTP3Resumed: a second connection resumes the TLS session of the first, without 0-RTT though the server takes it,
// so that no server can refuse that.
func TestHTTP3Resumed(t *testing.T) {
	o := startTwo(t)
	var resumed, early atomic.Int32
	config := http3.ConfigureTLSConfig(o.tls)
	socket := listenUDP(t, 0)
	listener, err := quic.ListenEarly(socket, config, &quic.Config{Allow0RTT: true})
	if err != nil {
		t.Fatal(err)
	}
	server := &http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS.DidResume {
			resumed.Add(1)
		}
		if !r.TLS.HandshakeComplete {
			early.Add(1)
		}
		o.answer(w, r)
	})}
	var running sync.WaitGroup
	running.Go(func() { _ = server.ServeListener(listener) })
	defer func() { _, _ = server.Close(), listener.Close(); running.Wait() }()
	transport := http3Transport(t, onlyHTTP3)
	for range 2 {
		if got := get(t, transport, "https://127.0.0.1:"+itoa(portOf(socket))+"/"); got != "HTTP/3.0" {
			t.Errorf("got %q", got)
		}
		transport.CloseIdle()
	}
	if resumed.Load() != 1 || early.Load() != 0 {
		t.Errorf("%d resumed, %d early", resumed.Load(), early.Load())
	}
}

// TestHTTP3ClientCertificate: it is sent where there is one, and where it is missed the failure says so.
func TestHTTP3ClientCertificate(t *testing.T) {
	o := startTwo(t)
	o.tls.ClientAuth = tls.RequireAnyClientCert
	socket := listenUDP(t, 0)
	o.serveHTTP3(t, socket, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, itoa(len(r.TLS.PeerCertificates)))
	})
	url := "https://127.0.0.1:" + itoa(portOf(socket)) + "/"
	with := http3Transport(t, func(c *Config) {
		c.HTTP = HTTP3
		c.TLS = &tls.Config{InsecureSkipVerify: true, Certificates: o.tls.Certificates}
	})
	if got := get(t, with, url); got != "1" {
		t.Errorf("got %q", got)
	}
	const missed = "tls: the connection was refused: it wants a client certificate (alert 116)"
	if got := get(t, http3Transport(t, onlyHTTP3), url); !strings.HasPrefix(got, missed) {
		t.Errorf("got %q", got)
	}
}

// TestHTTP3Certificate: what is wrong with a server's certificate is said as over TCP.
func TestHTTP3Certificate(t *testing.T) {
	o := startTwo(t)
	socket := listenUDP(t, 0)
	o.serveHTTP3(t, socket, o.answer)
	for text, host := range map[string]string{"certificate of 127.0.0.1 is ": "127.0.0.1", "not localhost": "localhost"} {
		transport := http3Transport(t, func(c *Config) { c.HTTP, c.TLS = HTTP3, &tls.Config{} })
		_, err := exchangeOver(t.Context(), transport,
			testTarget(t, "GET", "https://"+host+":"+itoa(portOf(socket))+"/", nil))
		var f *failure.Failure
		if !errors.As(err, &f) || f.Kind != failure.TLS || !strings.Contains(f.Error(), text) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// TestHTTP3Addresses: a host whose first address refuses, or never answers, is reached at the next one.
func TestHTTP3Addresses(t *testing.T) {
	o := startTwo(t)
	good := listenUDP(t, 0)
	o.serveHTTP3(t, good, o.answer)
	for name, first := range map[string]string{"refused": "127.0.0.2", "silent": "127.0.0.3"} {
		if name == "silent" {
			silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(first), Port: portOf(good)})
			if err != nil {
				t.Skip(err) // not every system has all of 127.0.0.0/8
			}
			defer func() { _ = silent.Close() }()
		}
		transport := http3Transport(t, func(c *Config) {
			c.HTTP = HTTP3
			c.Dial.Overrides = []dial.Override{{Host: "a.test", Port: uint16(portOf(good)),
				Addrs: []netip.Addr{netip.MustParseAddr(first), netip.MustParseAddr("127.0.0.1")}}}
		})
		if got := get(t, transport, "https://a.test:"+itoa(portOf(good))+"/"); got != "HTTP/3.0" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
