package fetch_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// testCA is a certificate authority that the run trusts.
type testCA struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// newTestCA makes the testCA once.
var newTestCA = sync.OnceValues(func() (*testCA, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "chaos"}, IsCA: true,
		BasicConstraintsValid: true,
		NotBefore:             time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &testCA{certificate, key}, err
})

// getTestCA returns the testCA.
func getTestCA(t testing.TB) *testCA {
	t.Helper()
	a, err := newTestCA()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// clientConfig returns a client's configuration that trusts the testCA.
func (a *testCA) clientConfig() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	return &tls.Config{RootCAs: roots}
}

// serverConfig returns a server's configuration with a certificate for 127.0.0.1 that change has changed. If change is
// nil, it is self-signed.
func (a *testCA) serverConfig(t testing.TB, change func(*x509.Certificate), protocols ...string) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(2), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	parent, signer := a.certificate, a.key
	if change == nil {
		parent, signer = form, key
	} else {
		change(form)
	}
	der, err := x509.CreateCertificate(rand.Reader, form, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}},
		NextProtos: protocols}
}

// withNegativeSerial returns the configuration with a negative serial number in its certificate, which crypto/x509 does
// not make.
func (a *testCA) withNegativeSerial(t testing.TB, config *tls.Config) *tls.Config {
	t.Helper()
	var parts struct {
		Signed    asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}
	chain := config.Certificates[0].Certificate
	if _, err := asn1.Unmarshal(chain[0], &parts); err != nil {
		t.Fatal(err)
	}
	const version, serial = "\xa0\x03\x02\x01\x02", "\x02\x01"
	positive, negative := []byte(version+serial+"\x02"), []byte(version+serial+"\xfe")
	if !bytes.Contains(parts.Signed.FullBytes, positive) {
		t.Fatal("the serial number is not found")
	}
	parts.Signed.FullBytes = bytes.Replace(parts.Signed.FullBytes, positive, negative, 1)
	sum := sha256.Sum256(parts.Signed.FullBytes)
	signature, err := ecdsa.SignASN1(rand.Reader, a.key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	parts.Signature = asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}
	if chain[0], err = asn1.Marshal(parts); err != nil {
		t.Fatal(err)
	}
	return config
}

// unchanged leaves a certificate as it is.
func unchanged(*x509.Certificate) {}

// wrapTLS makes a TLS server's side of a connection.
func wrapTLS(config *tls.Config) func(net.Conn) net.Conn {
	return func(c net.Conn) net.Conn { return tls.Server(c, config) }
}

// tlsFaults are faults of TLS.
func tlsFaults(t testing.TB) []fault {
	a := getTestCA(t)
	good := wrapTLS(a.serverConfig(t, unchanged))
	spoken := func(f fault) fault {
		f.line = "https://$HOST/"
		return f
	}
	faults := []fault{
		{name: "TLS", wrap: good, serve: respond(okBody), body: "body"},
		{name: "a negative serial number", wrap: wrapTLS(a.withNegativeSerial(t, a.serverConfig(t, unchanged))),
			serve: respond(okBody), body: "body"},
		{name: "an expired certificate",
			wrap:  wrapTLS(a.serverConfig(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })),
			serve: respond(okBody), kind: failure.TLS, message: "tls: certificate of 127.0.0.1 expired on "},
		{name: "a certificate of tomorrow",
			wrap:  wrapTLS(a.serverConfig(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })),
			serve: respond(okBody), kind: failure.TLS, message: "is not valid before "},
		{name: "a certificate for another",
			wrap: wrapTLS(a.serverConfig(t, func(c *x509.Certificate) {
				c.IPAddresses, c.DNSNames = nil, []string{"b.test", "c.test"}
			})), serve: respond(okBody), kind: failure.TLS, message: "tls: certificate for b.test, c.test, not 127.0.0.1"},
		{name: "a certificate for escapes",
			wrap:  wrapTLS(a.serverConfig(t, func(c *x509.Certificate) { c.IPAddresses, c.Subject.CommonName = nil, escape })),
			serve: respond(okBody), kind: failure.TLS, message: "as its common name alone, which does not count"},
		{name: "a certificate without names",
			wrap: wrapTLS(a.serverConfig(t, func(c *x509.Certificate) { c.IPAddresses = nil })), serve: respond(okBody),
			kind: failure.TLS, message: "tls: certificate of 127.0.0.1 has no names"},
		{name: "a certificate with the address for a name",
			wrap: wrapTLS(a.serverConfig(t, func(c *x509.Certificate) {
				c.IPAddresses, c.DNSNames = nil, []string{"127.0.0.1"}
			})), serve: respond(okBody), kind: failure.TLS, message: "has the address as a DNS name, where it does not count"},
		{name: "a self-signed certificate", wrap: wrapTLS(a.serverConfig(t, nil)), serve: respond(okBody), kind: failure.TLS,
			message: "tls: certificate of 127.0.0.1 is self-signed"},
		{name: "TLS 1.1", wrap: wrapTLS(withMaxVersion(a.serverConfig(t, unchanged), tls.VersionTLS11)),
			serve: respond(okBody), kind: failure.TLS, message: "tls: 127.0.0.1 wants TLS 1.1 with TLS_ECDHE_ECDSA_"},
		{name: "plain HTTP on the port of TLS", serve: func(c net.Conn, in *requestReader) {
			_ = write(c, okBody)
			in.drain()
		}, kind: failure.TLS, message: "tls: 127.0.0.1 does not speak TLS on this port"},
		{name: "closed in the handshake", serve: func(c net.Conn, in *requestReader) { _, _ = in.Peek(1) },
			kind: failure.Truncated, message: "tls: 127.0.0.1 closed the connection during the handshake"},
		{name: "closed within a record of the handshake", serve: func(c net.Conn, in *requestReader) {
			_, _ = in.Peek(1)
			_ = write(c, "\x16\x03\x03\x00\x50\x02")
			in.closeAndDrain(c)
		}, kind: failure.Truncated, message: "tls: 127.0.0.1 closed the connection during the handshake"},
		{name: "reset in the handshake", serve: func(c net.Conn, in *requestReader) {
			_, _ = in.Peek(1)
			nettest.ResetOnClose(c.(*net.TCPConn))
		}, kind: failure.Reset, message: "tls: 127.0.0.1 reset the connection during the handshake"},
		{name: "an alert in the handshake", serve: func(c net.Conn, in *requestReader) {
			_, _ = in.Peek(1)
			_ = write(c, "\x15\x03\x03\x00\x02\x02\x28")
			in.closeAndDrain(c)
		}, kind: failure.TLS, message: "tls: 127.0.0.1 refused the handshake"},
		{name: "noise in the handshake", serve: func(c net.Conn, in *requestReader) {
			_, _ = in.Peek(1)
			_ = write(c, "\x16\x03\x03\x00\x05"+escape)
			in.closeAndDrain(c)
		}, kind: failure.TLS, message: "tls: handshake with 127.0.0.1"},
		{name: "noise in a body", wrap: good, serve: func(c net.Conn, in *requestReader) {
			in.next()
			_ = write(c, okHeader+"Content-Length: 9\r\n\r\nbody")
			_ = write(c.(*tls.Conn).NetConn(), "\x17\x03\x03\x00\x20"+strings.Repeat("x", 32))
			in.drain()
		}, kind: failure.TLS, message: "tls: what came can't be read: tls: bad record MAC; 200 OK and 4 bytes"},
		{name: "a client certificate asked for too late", wrap: wrapTLS(requireClientCert(a.serverConfig(t, unchanged))),
			serve: handshakeOnly, kind: failure.TLS, message: "tls: the connection was refused"},
		{name: "a client certificate asked for too late, over HTTP/2",
			wrap: wrapTLS(requireClientCert(a.serverConfig(t, unchanged, "h2"))), serve: handshakeOnly, kind: failure.TLS,
			message: "tls: the connection was refused"},
		{name: "a length, and no close_notify", wrap: good, serve: respondWithoutCloseNotify(okBody), body: "body"},
		{name: "no length, and no close_notify", wrap: good, serve: respondWithoutCloseNotify(okHeader + "\r\nbody"),
			kind: failure.Truncated, message: afterOK},
		{name: "words over TLS", wrap: good, serve: respond("hello"), kind: failure.Protocol,
			message: "it does not begin with HTTP/"},
		{name: "chunks in HTTP/1.0 over TLS", wrap: good,
			serve: respond("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"),
			kind:  failure.Protocol, message: "Transfer-Encoding, which HTTP/1.0 does not have"},
		{name: "no length, and close_notify", wrap: good, serve: respond(okHeader + "\r\nbody"), body: "body"},
	}
	for i := range faults {
		faults[i] = spoken(faults[i])
	}
	return faults
}

// withMaxVersion sets the highest TLS version.
func withMaxVersion(config *tls.Config, version uint16) *tls.Config {
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, version
	return config
}

// requireClientCert makes a server require a client certificate.
func requireClientCert(config *tls.Config) *tls.Config {
	config.ClientAuth = tls.RequireAnyClientCert
	return config
}

// handshakeOnly completes the handshake and closes the connection.
func handshakeOnly(c net.Conn, _ *requestReader) {
	over := c.(*tls.Conn)
	_ = over.Handshake()
	_ = over.NetConn().(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, over.NetConn())
}

// respondWithoutCloseNotify responds and then closes the TCP connection without a close_notify.
func respondWithoutCloseNotify(text string) func(net.Conn, *requestReader) {
	return func(c net.Conn, in *requestReader) {
		in.next()
		_ = write(c, text)
		_ = c.(*tls.Conn).NetConn().(*net.TCPConn).CloseWrite()
		in.drain()
	}
}
