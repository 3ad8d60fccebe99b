package conn

import (
	"crypto/tls"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"
)

// deafTLS returns TLS over a connection to a server that reads nothing after the handshake: one in memory, so that not
// a byte more fits in.
func deafTLS(t *testing.T, below func(net.Conn) net.Conn) *tls.Conn {
	t.Helper()
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	certificates := server.TLS.Certificates
	server.Close()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { _ = theirs.Close() })
	secure := tls.Server(theirs, &tls.Config{Certificates: certificates, SessionTicketsDisabled: true})
	shaken := make(chan error, 1)
	go func() { shaken <- secure.Handshake() }()
	c := tls.Client(below(ours), &tls.Config{InsecureSkipVerify: true})
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGuardCloseOverTLS: closing a connection takes no longer than closeTime, though the other side leaves no room for
// the end of TLS, be it over our connection, below it as to a proxy, or both; and with a write under way.
func TestGuardCloseOverTLS(t *testing.T) {
	plain := func(c net.Conn) net.Conn { return c }
	ours := func(c net.Conn) net.Conn { return New(c, nil) }
	for name, closing := range map[string]func() error{
		"TLS":           func() error { return Close(deafTLS(t, plain)) },
		"TLS over ours": func() error { return Close(deafTLS(t, ours)) },
		"ours over TLS": New(deafTLS(t, plain), nil).Close,
		"a write under way": func() error {
			c := New(deafTLS(t, plain), nil)
			written := make(chan struct{})
			go func() { defer close(written); _, _ = io.WriteString(c, "text") }()
			time.Sleep(50 * time.Millisecond) // it is stuck
			err := c.Close()
			<-written
			return err
		},
	} {
		began := time.Now()
		_ = closing()                                                // says that close_notify was not sent
		if took := time.Since(began); took > 4500*time.Millisecond { // crypto/tls would wait for 5 s
			t.Errorf("%s: closed after %s", name, took)
		}
	}
}
