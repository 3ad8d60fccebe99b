package dial

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// An issued is a certificate with its key.
type issued struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

// issue returns a certificate with a name, signed by parent, or by itself where parent is nil. A name that ends in CA
// is that of an authority; any certificate is for 127.0.0.1. change may be nil.
func issue(t *testing.T, name string, parent *issued, change func(*x509.Certificate)) *issued {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: strings.HasSuffix(name, "CA"), BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	if change != nil {
		change(form)
	}
	from := &issued{form, key}
	if parent != nil {
		from = parent
	}
	der, err := x509.CreateCertificate(rand.Reader, form, from.cert, key.Public(), from.key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &issued{cert, key}
}

// TestCertificateTrouble: of a certificate that is not accepted the failure says what is wrong with it, and names the
// option that helps.
func TestCertificateTrouble(t *testing.T) {
	year := func(c *x509.Certificate, from, to int) {
		c.NotBefore, c.NotAfter = time.Date(from, 2, 3, 4, 5, 0, 0, time.UTC), time.Date(to, 2, 3, 4, 5, 0, 0, time.UTC)
	}
	expired := func(c *x509.Certificate) { year(c, 2001, 2002) }
	root := issue(t, "Trusted CA", nil, nil)
	inner := issue(t, "Inner CA", root, nil)
	oldInner := issue(t, "Old CA", root, expired)
	strange := issue(t, "Strange CA", nil, nil)
	strangeInner := issue(t, "Strange inner CA", strange, nil)
	leaf := issue(t, "leaf", root, nil)
	narrow := issue(t, "Narrow CA", root, func(c *x509.Certificate) {
		c.ExcludedIPRanges = []*net.IPNet{{IP: net.IPv4(127, 0, 0, 0).To4(), Mask: net.CIDRMask(8, 32)}}
	})
	short := issue(t, "Short CA", root, func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := issue(t, "Below CA", short, nil)
	unnamed := issue(t, strings.Repeat("long", 50)+" CA", nil, nil)
	for _, tt := range []struct {
		name   string
		sent   []*issued
		says   string // behind "tls: certificate "; empty is no failure
		option string
	}{
		{"trusted", []*issued{issue(t, "a", inner, nil), inner}, "", ""},
		{"expired", []*issued{issue(t, "a", root, expired)},
			"of 127.0.0.1 expired on 2002-02-03 04:05 UTC", "insecure"},
		{"expired and unknown", []*issued{issue(t, "a", nil, expired)},
			"of 127.0.0.1 expired on 2002-02-03 04:05 UTC", "insecure"},
		{"not yet valid", []*issued{issue(t, "a", root, func(c *x509.Certificate) { year(c, 2101, 2102) })},
			"of 127.0.0.1 is not valid before 2101-02-03 04:05 UTC", "insecure"},
		{"an expired intermediate", []*issued{issue(t, "a", oldInner, nil), oldInner},
			"of 127.0.0.1: that of its authority, Old CA, expired on 2002-02-03 04:05 UTC", "insecure"},
		{"self-signed", []*issued{issue(t, "a", nil, nil)}, "of 127.0.0.1 is self-signed", "cacert"},
		{"a self-signed authority", []*issued{issue(t, "a", strange, nil), strange},
			"of 127.0.0.1 is signed by an unknown authority, Strange CA", "cacert"},
		{"an intermediate of an unknown one", []*issued{issue(t, "a", strangeInner, nil), strangeInner},
			"of 127.0.0.1 is signed by an unknown authority, Strange CA", "cacert"},
		{"without its intermediate", []*issued{issue(t, "a", inner, nil)},
			"of 127.0.0.1 is signed by an unknown authority, Inner CA, and the server sends no intermediate certificate",
			OptionChain},
		{"a long name", []*issued{issue(t, "a", unnamed, nil), unnamed},
			"of 127.0.0.1 is signed by an unknown authority, " + strings.Repeat("long", 25) + "…", "cacert"},
		{"another name", []*issued{issue(t, "a", root, func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"b.test"}
		})}, "for b.test, not 127.0.0.1", "resolve"},
		{"not for servers", []*issued{issue(t, "a", root, func(c *x509.Certificate) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}
		})}, "of 127.0.0.1: it is not one for servers (key usage)", "insecure"},
		{"name constraints", []*issued{issue(t, "a", narrow, nil), narrow},
			"of 127.0.0.1: its authority may not sign for a name that it has (name constraints)", "insecure"},
		{"an authority that is none", []*issued{issue(t, "a", leaf, nil), leaf},
			"of 127.0.0.1 is signed by leaf, which is no authority", "insecure"},
		{"too many intermediates", []*issued{issue(t, "a", below, nil), below, short},
			"of 127.0.0.1: there are more intermediates than an authority allows", "insecure"},
		{"names that are no text", []*issued{issue(t, "a", root, func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = nil, []string{"a\x1b[31m\nb.test", strings.Repeat("x", 1000)}
		})}, "for a\ufffd[31m\ufffdb.test, " + strings.Repeat("x", 253) + "…, not 127.0.0.1", "resolve"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			form := tls.Certificate{PrivateKey: tt.sent[0].key}
			for _, c := range tt.sent {
				form.Certificate = append(form.Certificate, c.cert.Raw)
			}
			addr := strings.TrimPrefix(nettest.Talk(t, func(c *net.TCPConn) {
				server := tls.Server(c, &tls.Config{Certificates: []tls.Certificate{form}})
				_ = server.Handshake()
				nettest.AwaitClose(server)
			}), "http://")
			roots := x509.NewCertPool()
			roots.AddCert(root.cert)
			raw, err := net.Dial("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = raw.Close() }()
			_, err = handshake(t.Context(), raw, "127.0.0.1", &tls.Config{RootCAs: roots, ServerName: "127.0.0.1"})
			if tt.says == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			f, _ := err.(*failure.Failure)
			if f == nil || f.Kind != failure.TLS || f.Error() != "tls: certificate "+tt.says || f.Option != tt.option {
				t.Errorf("got %+v", err)
			}
		})
	}
}
