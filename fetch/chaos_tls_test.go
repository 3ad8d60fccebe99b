package fetch_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// An issuer of certificates that the run trusts.
type issuer struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

var theIssuer = sync.OnceValues(func() (*issuer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	form := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "chaos"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return &issuer{certificate, key}, err
})

func authority(t testing.TB) *issuer {
	t.Helper()
	a, err := theIssuer()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (a *issuer) client() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(a.certificate)
	return &tls.Config{RootCAs: roots}
}

// server returns what a server with a certificate for 127.0.0.1, changed by change, is made of; nil is self-signed.
func (a *issuer) server(t testing.TB, change func(*x509.Certificate), protocols ...string) *tls.Config {
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
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, NextProtos: protocols}
}

func asItIs(*x509.Certificate) {}

// secure makes TLS of a connection.
func secure(config *tls.Config) func(net.Conn) net.Conn {
	return func(c net.Conn) net.Conn { return tls.Server(c, config) }
}

// tlsPranks are about TLS.
func tlsPranks(t testing.TB) []prank {
	a := authority(t)
	good := secure(a.server(t, asItIs))
	spoken := func(p prank) prank {
		p.line = "https://$HOST/"
		return p
	}
	pranks := []prank{
		{name: "TLS", over: good, does: answers(okFour), body: "body"},
		{name: "an expired certificate", over: secure(a.server(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) })), does: answers(okFour), kind: failure.TLS, says: "tls: certificate of 127.0.0.1: x509: certificate has expired"},
		{name: "a certificate of tomorrow", over: secure(a.server(t, func(c *x509.Certificate) { c.NotBefore = time.Now().Add(time.Minute) })), does: answers(okFour), kind: failure.TLS, says: "not yet valid"},
		{name: "a certificate for another", over: secure(a.server(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"b.test", "c.test"} })), does: answers(okFour), kind: failure.TLS, says: "tls: certificate for b.test, c.test, not 127.0.0.1"},
		{name: "a certificate for escapes", over: secure(a.server(t, func(c *x509.Certificate) { c.IPAddresses, c.Subject.CommonName = nil, escape })), does: answers(okFour), kind: failure.TLS, says: "as its common name alone, which does not count"},
		{name: "a certificate without names", over: secure(a.server(t, func(c *x509.Certificate) { c.IPAddresses = nil })), does: answers(okFour), kind: failure.TLS, says: "tls: certificate of 127.0.0.1 has no names"},
		{name: "a certificate with the address for a name", over: secure(a.server(t, func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"127.0.0.1"} })), does: answers(okFour), kind: failure.TLS, says: "has the address as a DNS name, where it does not count"},
		{name: "a self-signed certificate", over: secure(a.server(t, nil)), does: answers(okFour), kind: failure.TLS, says: "tls: certificate of 127.0.0.1 is signed by an unknown authority"},
		{name: "TLS 1.1", over: secure(atMost(a.server(t, asItIs), tls.VersionTLS11)), does: answers(okFour), kind: failure.TLS, says: "tls: 127.0.0.1 refused the handshake"},
		{name: "plain HTTP on the port of TLS", does: func(c net.Conn, in *hearer) { _ = put(c, okFour); in.wait() }, kind: failure.TLS, says: "tls: 127.0.0.1 does not speak TLS on this port"},
		{name: "closed in the handshake", does: func(c net.Conn, in *hearer) { _, _ = in.Peek(1) }, kind: failure.TLS, says: "tls: 127.0.0.1 closed the connection during the handshake"},
		{name: "an alert in the handshake", does: func(c net.Conn, in *hearer) {
			_, _ = in.Peek(1)
			_ = put(c, "\x15\x03\x03\x00\x02\x02\x28")
			in.end(c)
		}, kind: failure.TLS, says: "tls: 127.0.0.1 refused the handshake"},
		{name: "noise in the handshake", does: func(c net.Conn, in *hearer) {
			_, _ = in.Peek(1)
			_ = put(c, "\x16\x03\x03\x00\x05"+escape)
			in.end(c)
		}, kind: failure.TLS, says: "tls: handshake with 127.0.0.1"},
		{name: "noise in a body", over: good, does: func(c net.Conn, in *hearer) {
			in.next()
			_ = put(c, ok+"Content-Length: 9\r\n\r\nbody")
			_ = put(c.(*tls.Conn).NetConn(), "\x17\x03\x03\x00\x20"+strings.Repeat("x", 32))
			in.wait()
		}, kind: failure.TLS, says: "tls: what came can't be read: tls: bad record MAC; 200 OK and 4 bytes"},
		{name: "a client certificate asked for too late", over: secure(asking(a.server(t, asItIs))), does: shakes, kind: failure.TLS, says: "tls: the connection was refused"},
		{name: "a client certificate asked for too late, over HTTP/2", over: secure(asking(a.server(t, asItIs, "h2"))), does: shakes, kind: failure.TLS, says: "tls: the connection was refused"},
		{name: "a length, and no close_notify", over: good, does: abrupt(okFour), body: "body"},
		{name: "no length, and no close_notify", over: good, does: abrupt(ok + "\r\nbody"), kind: failure.Truncated, says: okWords},
		{name: "words over TLS", over: good, does: answers("hello"), kind: failure.Protocol, says: "it does not begin with HTTP/"},
		{name: "chunks in HTTP/1.0 over TLS", over: good, does: answers("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n"), kind: failure.Protocol, says: "Transfer-Encoding, which HTTP/1.0 does not have"},
		{name: "no length, and close_notify", over: good, does: answers(ok + "\r\nbody"), body: "body"},
	}
	for i := range pranks {
		pranks[i] = spoken(pranks[i])
	}
	return pranks
}

func atMost(config *tls.Config, version uint16) *tls.Config {
	config.MinVersion, config.MaxVersion = tls.VersionTLS10, version
	return config
}

func asking(config *tls.Config) *tls.Config {
	config.ClientAuth = tls.RequireAnyClientCert
	return config
}

// shakes hands and ends the connection.
func shakes(c net.Conn, _ *hearer) {
	over := c.(*tls.Conn)
	_ = over.Handshake()
	_ = over.NetConn().(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, over.NetConn())
}

// abrupt answers and ends the connection under TLS.
func abrupt(text string) func(net.Conn, *hearer) {
	return func(c net.Conn, in *hearer) {
		in.next()
		_ = put(c, text)
		_ = c.(*tls.Conn).NetConn().(*net.TCPConn).CloseWrite()
		in.wait()
	}
}
