package transport

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

// TestForbiddenWithoutRequestForCertificate: where there is a client certificate, and the server has not asked for it,
// the first 403 of a host over TLS 1.3 is followed by a request over TLS 1.2. A server that does not ask there either
// gets no further such request, and TLS 1.3 again; nor does one get any for a POST.
func TestForbiddenWithoutRequestForCertificate(t *testing.T) {
	for _, tt := range []struct {
		name, method string
		with         bool // a certificate
		asks         tls.ClientAuthType
		want         []uint16 // versions of TLS of three exchanges
	}{
		{"no certificate", "GET", false, tls.NoClientCert, []uint16{tls.VersionTLS13, tls.VersionTLS13, tls.VersionTLS13}},
		{"not asked for", "GET", true, tls.NoClientCert,
			[]uint16{tls.VersionTLS13, tls.VersionTLS12, tls.VersionTLS13, tls.VersionTLS13}},
		{"asked for", "GET", true, tls.RequestClientCert, []uint16{tls.VersionTLS13, tls.VersionTLS13, tls.VersionTLS13}},
		{"a POST", "POST", true, tls.NoClientCert, []uint16{tls.VersionTLS13, tls.VersionTLS13, tls.VersionTLS13}},
	} {
		var got []uint16
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			got = append(got, r.TLS.Version) // one request at a time
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprint(w, "no")
		}))
		server.TLS = &tls.Config{ClientAuth: tt.asks}
		server.StartTLS()
		config := testConfig()
		if tt.with {
			config.TLS = &tls.Config{InsecureSkipVerify: true, Certificates: server.TLS.Certificates}
		}
		transport := New(config)
		for range 3 {
			if body, err := exchangeOver(t.Context(), transport, testTarget(t, tt.method, server.URL, nil)); body != "no" {
				t.Errorf("%s: %q, %v", tt.name, body, err)
			}
		}
		transport.Close()
		server.Close()
		if !slices.Equal(got, tt.want) {
			t.Errorf("%s: %x, want %x", tt.name, got, tt.want)
		}
	}
}
