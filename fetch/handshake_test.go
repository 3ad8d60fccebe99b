package fetch

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
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
)

// TestAbandonedHandshakeIsClosed checks that no connection outlives its run, not even one whose handshake got no
// response.
func TestAbandonedHandshakeIsClosed(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	url := nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c); close(gone) })
	url = strings.Replace(url, "http:", "https:", 1)
	r, _ := runOne(t, url,
		noRetryOptions(func(o *Options) { o.Timeout, o.ConnectTimeout = ampleLimit, time.Hour }))
	if kindOf(r) != failure.Timeout || !strings.HasSuffix(r.Failure.Error(), "; not yet connected") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
	select {
	case <-gone:
	case <-time.After(time.Minute):
		t.Error("the connection outlives the run")
	}
}

// TestTimeoutBoundsTheDialToo checks that a dial ends by the timeout of the exchange that wanted it. In net/http it may
// continue.
func TestTimeoutBoundsTheDialToo(t *testing.T) {
	url := nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c) })
	for _, connect := range []time.Duration{0, time.Hour} {
		o := noRetryOptions(func(o *Options) { o.Timeout, o.ConnectTimeout = 50*time.Millisecond, connect })
		ctx, giveUp := context.WithTimeout(t.Context(), time.Minute)
		config := dial.Config{TLS: new(tls.Config), Family: "tcp", Private: dial.PrivateAllow, Timeouts: o.dialTimeouts}
		_, _, err := dial.New(config).DialTLS(ctx, strings.TrimPrefix(url, "http://"))
		var f *failure.Failure
		if !errors.As(err, &f) || f.Kind != failure.Timeout ||
			!strings.HasPrefix(f.Error(), "not done within 50ms (--timeout): ") {
			t.Errorf("connect-timeout %s: got %v", connect, err)
		}
		giveUp()
	}
}

// TestAbandonedHandshakesDoNotPileUp checks that during a run at most twice as many connections are open as exchanges
// may run at once: those in use and as many that are closing.
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
			most.Store(max(most.Load(), open.Add(1))) // written by this goroutine only
			handlers.Go(func() { nettest.AwaitClose(c); _ = c.Close(); open.Add(-1) })
		}
	})
	source := func(yield func(Request, error) bool) {
		for i := range atOnce * rounds {
			for giveUp := time.Now().Add(time.Minute); i%atOnce == 0 &&
				(ended.Load() < int32(i) || open.Load() > 0); time.Sleep(time.Millisecond) {
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
	o := noRetryOptions(func(o *Options) {
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

// TestClientCertificateThatIsMissed checks that a missing client certificate is of kind tls. TLS 1.3 reports it only
// after the handshake (RFC 8446 section 4.4.2.4), TLS 1.2 during it.
func TestClientCertificateThatIsMissed(t *testing.T) {
	certServer := httptest.NewTLSServer(http.NotFoundHandler())
	certServer.Close()
	for version, says := range map[uint16]string{
		tls.VersionTLS12: "tls: 127.0.0.1 refused the handshake: it wants a client certificate",
		tls.VersionTLS13: "tls: the connection was refused: ",
	} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			config := &tls.Config{Certificates: certServer.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert,
				MaxVersion: version}
			url := nettest.Talk(t, func(c *net.TCPConn) {
				_ = tls.Server(c, config).Handshake()
				_ = c.CloseWrite()
				nettest.AwaitClose(c) // a connection closed with unread bytes would be reset
			})
			r, _ := runOne(t, strings.Replace(url, "http:", "https:", 1),
				noRetryOptions(func(o *Options) { o.TLS = &tls.Config{InsecureSkipVerify: true} }))
			if kindOf(r) != failure.TLS || !strings.HasPrefix(r.Failure.Error(), says) ||
				r.Failure.Option != dial.OptionCert {
				t.Errorf("got %s: %v, option %q", kindOf(r), r.Failure, r.Failure.Option)
			}
		})
	}
}

func TestHandshakeThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	url := strings.Replace(nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c) }), "http:", "https:", 1)
	r, _ := runOne(t, url, noRetryOptions(func(o *Options) { o.ConnectTimeout = ampleLimit }))
	if kindOf(r) != failure.Timeout || !strings.HasPrefix(r.Failure.Error(),
		"not done within 5s (--connect-timeout): TLS handshake with 127.0.0.1 not done") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

// TestHandshakeThatBreaksOffIsRetried checks that a connection that is closed or reset in the TLS handshake is retried
// like one that ends later, the handshake with a proxy included.
func TestHandshakeThatBreaksOffIsRetried(t *testing.T) {
	origin := httptest.NewTLSServer(http.NotFoundHandler())
	origin.Close()
	serve := func(c *net.TCPConn) {
		over := tls.Server(c, &tls.Config{Certificates: origin.TLS.Certificates})
		nettest.ReadRequest(over)
		nettest.Say(over, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		nettest.AwaitClose(over)
	}
	roots := x509.NewCertPool()
	roots.AddCert(origin.Certificate())
	for _, tt := range []struct {
		name  string
		end   func(c *net.TCPConn) // of the first connection
		proxy bool
	}{
		{"closed", func(c *net.TCPConn) {
			_, _ = io.ReadFull(c, make([]byte, 5))
			_ = c.CloseWrite()
			nettest.AwaitClose(c)
		},
			false},
		{"reset", nettest.ResetOnClose, false},
		{"reset by a proxy", nettest.ResetOnClose, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var conns atomic.Int32
			url := nettest.Talk(t, func(c *net.TCPConn) {
				if conns.Add(1) == 1 {
					tt.end(c)
					return
				}
				serve(c)
			})
			secure := strings.Replace(url, "http:", "https:", 1)
			o := options(func(o *Options) { o.TLS, o.RetryDelay = &tls.Config{RootCAs: roots}, 0 })
			if tt.proxy {
				o.HTTPProxy, secure = secure, "http://a.test/"
			}
			if r, _ := runOne(t, secure, *o); r.Failure != nil || r.Attempts != 2 {
				t.Errorf("got %s: %v after %d attempts", kindOf(r), r.Failure, r.Attempts)
			}
		})
	}
}
