package fetch

import (
	"crypto/tls"
	"net"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport"
)

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
			url, o := startTLSServer(t, tt.h2, respondProtocol)
			o.HTTP = tt.http
			r, body := runOne(t, url, o)
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

func TestCertificates(t *testing.T) {
	url, trusting := startTLSServer(t, false, respondProtocol)
	misnamed := trusting
	misnamed.TLS = trusting.TLS.Clone()
	misnamed.TLS.ServerName = "other.test"
	trustless := noRetryOptions(nil)
	insecure := noRetryOptions(func(o *Options) { o.TLS = &tls.Config{InsecureSkipVerify: true} })
	for _, tt := range []struct {
		name string
		with Options
		want failure.Kind
		says string
	}{
		{"trusted", trusting, "", ""},
		{"unknown authority", trustless, failure.TLS, "is self-signed"},
		{"wrong name", misnamed, failure.TLS, "certificate for example.com"},
		{"not looked at", insecure, "", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := runOne(t, url, tt.with)
			if kindOf(r) != tt.want || r.Failure != nil && !strings.Contains(r.Failure.Error(), tt.says) {
				t.Errorf("got %s: %v", kindOf(r), r.Failure)
			}
		})
	}
}

// TestWrongNameSaysWhichNames checks that the error names the host that was requested, whatever name was verified.
func TestWrongNameSaysWhichNames(t *testing.T) {
	url, o := startTLSServer(t, false, respondProtocol)
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(url, "https://"))
	r, _ := runOne(t, "https://localhost:"+port, o)
	if kindOf(r) != failure.TLS || !strings.Contains(r.Failure.Error(), "certificate for example.com") ||
		!strings.Contains(r.Failure.Error(), "not localhost") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

func TestTLSWithOneThatHasNone(t *testing.T) {
	url := startServer(t, respondProtocol)
	r, _ := runOne(t, strings.Replace(url, "http:", "https:", 1), noRetryOptions(nil))
	if kindOf(r) != failure.TLS || !strings.Contains(r.Failure.Error(), "does not speak TLS") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}
