package fetch

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// secured is a server with a certificate for example.com and 127.0.0.1, and options that trust it.
func secured(t testing.TB, h2 bool, handler http.HandlerFunc) (string, Options) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = h2
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of handshakes that are meant to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.URL, quick(func(o *Options) { o.TLS = &tls.Config{RootCAs: roots} })
}

func hello(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }

func TestProtocolVersions(t *testing.T) {
	for _, tt := range []struct {
		name string
		h2   bool
		http transport.Version
		want string // empty: a failure
	}{
		{"HTTP/2 where it is offered", true, transport.Auto, "HTTP/2.0"},
		{"HTTP/1.1 where it is not", false, transport.Auto, "HTTP/1.1"},
		{"HTTP/1.1 where it is asked for", true, transport.HTTP1, "HTTP/1.1"},
		{"HTTP/2 where it is asked for", true, transport.HTTP2, "HTTP/2.0"},
		{"HTTP/2 asked for and not offered", false, transport.HTTP2, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url, o := secured(t, tt.h2, hello)
			o.HTTP = tt.http
			r, body := one(t, url, o)
			if tt.want == "" {
				if r.Failure == nil {
					t.Errorf("got %s", r.Protocol)
				}
				return
			}
			if r.Failure != nil || r.Protocol != tt.want || body != tt.want {
				t.Errorf("got %s, %q, %v", r.Protocol, body, r.Failure)
			}
		})
	}
}

func TestHTTP2ByPriorKnowledge(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(hello))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	r, body := one(t, server.URL, quick(func(o *Options) { o.HTTP = transport.HTTP2 }))
	if r.Failure != nil || body != "HTTP/2.0" {
		t.Errorf("got %q, %v", body, r.Failure)
	}
}

func TestHTTP2StreamsThatBreak(t *testing.T) {
	url, o := secured(t, true, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/body" {
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
		}
		panic(http.ErrAbortHandler)
	})
	for _, path := range []string{"/head", "/body"} {
		if r, _ := one(t, url+path, o); kindOf(r) != failure.Reset {
			t.Errorf("%s: %s: %v", path, kindOf(r), r.Failure)
		}
	}
}

func TestHTTP2Stalls(t *testing.T) {
	gone := make(chan struct{})
	url, o := secured(t, true, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	o.StallTimeout = 200 * time.Millisecond
	if r, _ := one(t, url, o); kindOf(r) != failure.Stalled {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
	<-gone // the server hears of it
}

func TestHTTP2HeaderOverTheBound(t *testing.T) {
	for name, header := range map[string]http.Header{
		"one long value":      {"X": {strings.Repeat("x", 512<<10)}},
		"many that are short": {"X": slices.Repeat([]string{strings.Repeat("x", 1000)}, 512<<10/1000)},
	} {
		t.Run(name, func(t *testing.T) {
			url, o := secured(t, true, func(w http.ResponseWriter, r *http.Request) { maps.Copy(w.Header(), header) })
			r, _ := one(t, url, o)
			if kindOf(r) != failure.TooLarge || r.Attempts != 1 {
				t.Errorf("got %s after %d attempts: %v", kindOf(r), r.Attempts, r.Failure)
			}
		})
	}
}

func TestCertificates(t *testing.T) {
	url, trusting := secured(t, false, hello)
	misnamed := trusting
	misnamed.TLS = trusting.TLS.Clone()
	misnamed.TLS.ServerName = "other.test"
	trustless := quick(nil)
	insecure := quick(func(o *Options) { o.TLS = &tls.Config{InsecureSkipVerify: true} })
	for _, tt := range []struct {
		name string
		with Options
		want failure.Kind
		says string
	}{
		{"trusted", trusting, "", ""},
		{"unknown authority", trustless, failure.TLS, "is signed by an unknown authority"},
		{"wrong name", misnamed, failure.TLS, "certificate for example.com"},
		{"not looked at", insecure, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := one(t, url, tt.with)
			if kindOf(r) != tt.want || r.Failure != nil && !strings.Contains(r.Failure.Error(), tt.says) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}

// TestWrongNameSaysWhichNames: the error names the host that was asked, whatever name was checked.
func TestWrongNameSaysWhichNames(t *testing.T) {
	url, o := secured(t, false, hello)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "https://"))
	r, _ := one(t, "https://localhost:"+port, o)
	if kindOf(r) != failure.TLS || !strings.Contains(r.Failure.Error(), "certificate for example.com") || !strings.Contains(r.Failure.Error(), "not localhost") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

func TestTLSWithOneThatHasNone(t *testing.T) {
	url := serve(t, hello)
	r, _ := one(t, strings.Replace(url, "http:", "https:", 1), quick(nil))
	if kindOf(r) != failure.TLS || !strings.Contains(r.Failure.Error(), "does not speak TLS") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

// TestClientCertificateThatIsMissed: TLS 1.3 says so only after the handshake (RFC 8446 section 4.4.2.4), TLS 1.2 in it. Both are kind tls.
func TestClientCertificateThatIsMissed(t *testing.T) {
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	lender.Close()
	for version, says := range map[uint16]string{
		tls.VersionTLS12: "tls: 127.0.0.1 refused the handshake: ",
		tls.VersionTLS13: "tls: the connection was refused: ",
	} {
		t.Run(tls.VersionName(version), func(t *testing.T) {
			config := &tls.Config{Certificates: lender.TLS.Certificates, ClientAuth: tls.RequireAnyClientCert, MaxVersion: version}
			url := nettest.Talk(t, func(c *net.TCPConn) {
				_ = tls.Server(c, config).Handshake()
				_ = c.CloseWrite()
				nettest.AwaitClose(c) // closed with bytes unread it would be a reset
			})
			r, _ := one(t, strings.Replace(url, "http:", "https:", 1), quick(func(o *Options) { o.TLS = &tls.Config{InsecureSkipVerify: true} }))
			if kindOf(r) != failure.TLS || !strings.HasPrefix(r.Failure.Error(), says) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}

func TestHandshakeThatIsNotAnswered(t *testing.T) {
	url := strings.Replace(nettest.Talk(t, func(c *net.TCPConn) { nettest.AwaitClose(c) }), "http:", "https:", 1)
	r, _ := one(t, url, quick(func(o *Options) { o.ConnectTimeout = 100 * time.Millisecond }))
	if kindOf(r) != failure.Timeout || !strings.HasPrefix(r.Failure.Error(), "connect-timeout 100ms met: TLS handshake with 127.0.0.1 not done") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

func TestHandshakeThatIsHungUpOn(t *testing.T) {
	url := strings.Replace(nettest.Talk(t, func(c *net.TCPConn) {}), "http:", "https:", 1)
	if r, _ := one(t, url, quick(nil)); kindOf(r) != failure.TLS {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

// TestTiming: the steps of a first exchange are all there, those of a connection used again are not.
func TestTiming(t *testing.T) {
	url, o := secured(t, false, hello)
	o.KeepTiming, o.KeepHeader, o.Concurrency = true, true, 1
	var shelf shelf
	if _, err := Run(t.Context(), linesOf(url, url), &shelf, o); err != nil {
		t.Fatal(err)
	}
	first, second := shelf.records[0], shelf.records[1]
	if step := first.Timing; step == nil || step.Connect <= 0 || step.TLS <= 0 || step.FirstByte <= 0 || step.Body < 0 || step.DNS > 0 {
		t.Errorf("first: %+v", first.Timing)
	}
	if step := second.Timing; step == nil || step.Connect >= 0 || step.TLS >= 0 || step.FirstByte <= 0 {
		t.Errorf("second: %+v", second.Timing)
	}
	if first.Header.Get("Content-Length") != "8" || first.ContentType == "" {
		t.Errorf("header %v", first.Header)
	}
}
