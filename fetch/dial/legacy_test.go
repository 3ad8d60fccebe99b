package dial

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http/httptest"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestLegacyServers: a server that wants what is off by default is refused with what it wants and the option that
// allows it, and accepted with that; one that wants a client certificate is not taken for such a server.
func TestLegacyServers(t *testing.T) {
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	for _, tt := range []struct {
		name   string
		server *tls.Config
		client *tls.Config
		option string // "" is a connection
		says   string
	}{
		{name: "TLS 1.0", server: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS10},
			option: "tls-legacy", says: "tls: 127.0.0.1 wants TLS 1.0 with TLS_ECDHE_RSA_"},
		{name: "TLS 1.1", server: &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11},
			option: "tls-legacy", says: "tls: 127.0.0.1 wants TLS 1.1 with TLS_ECDHE_RSA_"},
		{name: "RSA key exchange",
			server: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
			option: "tls-legacy", says: "tls: 127.0.0.1 wants TLS 1.2 with TLS_RSA_WITH_AES_128_GCM_SHA256, which is"},
		{name: "3DES",
			server: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA}},
			option: "tls-legacy", says: "tls: 127.0.0.1 wants TLS 1.2 with TLS_RSA_WITH_3DES_EDE_CBC_SHA, which is"},
		{name: "less than tls-min", server: &tls.Config{MaxVersion: tls.VersionTLS12},
			client: &tls.Config{MinVersion: tls.VersionTLS13}, option: "tls-min", says: "tls: 127.0.0.1 wants TLS 1.2 with "},
		{name: "a client certificate",
			server: &tls.Config{MaxVersion: tls.VersionTLS12, ClientAuth: tls.RequireAnyClientCert},
			option: OptionCert, says: "tls: 127.0.0.1 refused the handshake: it wants a client certificate"},
		{name: "RC4",
			server: &tls.Config{MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_RC4_128_SHA}},
			option: OptionCommon, says: "tls: 127.0.0.1 refused the handshake: "},
		{name: "TLS 1.2", server: &tls.Config{MaxVersion: tls.VersionTLS12}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := tt.server
			config.Certificates = form.TLS.Certificates
			addr := strings.TrimPrefix(nettest.Talk(t, func(c *net.TCPConn) {
				server := tls.Server(c, config)
				if server.Handshake() == nil {
					nettest.AwaitClose(server)
				}
				_ = c.CloseWrite()
				nettest.AwaitClose(c)
			}), "http://")
			client := tt.client
			if client == nil {
				client = new(tls.Config)
			}
			if client.InsecureSkipVerify = true; client.MinVersion == 0 {
				client.MinVersion = tls.VersionTLS12
			}
			_, over, err := New(Config{TLS: client, Family: "tcp", Private: PrivateAllow}).DialTLS(t.Context(), addr)
			var f *failure.Failure
			switch {
			case tt.option == "" && err == nil:
				_ = over.Close()
				return
			case !errors.As(err, &f) || f.Kind != failure.TLS || f.Option != tt.option || !strings.HasPrefix(f.Error(), tt.says):
				t.Fatalf("got %+v, %v", f, err)
			case tt.option != "tls-legacy":
				return
			}
			client.MinVersion, client.CipherSuites = tls.VersionTLS10, LegacySuites()
			_, over, err = New(Config{TLS: client, Family: "tcp", Private: PrivateAllow}).DialTLS(t.Context(), addr)
			if err != nil {
				t.Fatalf("with the option: %v", err)
			}
			_ = over.Close()
		})
	}
}

// TestLegacyServerOfAnotherAlert: a server that ends a handshake with illegal_parameter is asked again without the
// post-quantum key share, unless the probe shows that it wants what is off by default.
func TestLegacyServerOfAnotherAlert(t *testing.T) {
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	for version, want := range map[uint16]failure.Failure{
		tls.VersionTLS10: {Option: "tls-legacy"},
		tls.VersionTLS12: {Option: OptionAddress, RetryAs: failure.Reset},
	} {
		refused := false
		addr := strings.TrimPrefix(nettest.Talk(t, func(c *net.TCPConn) {
			if !refused {
				refused = true
				_, _ = c.Read(make([]byte, 4096))
				nettest.Say(c, "\x15\x03\x03\x00\x02\x02\x2f")
			} else {
				_ = tls.Server(c, &tls.Config{Certificates: form.TLS.Certificates, MinVersion: version, MaxVersion: version}).
					Handshake()
			}
			_ = c.CloseWrite()
			nettest.AwaitClose(c)
		}), "http://")
		dialer := New(Config{TLS: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, Family: "tcp",
			Private: PrivateAllow})
		_, _, err := dialer.DialTLS(t.Context(), addr)
		var f *failure.Failure
		if !errors.As(err, &f) || f.Option != want.Option || f.RetryAs != want.RetryAs {
			t.Errorf("%s: %v, option %q, retried as %q", tls.VersionName(version), err, f.Option, f.RetryAs)
		}
	}
}
