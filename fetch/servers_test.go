package fetch

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
)

// startServer starts a server that ends with the test.
func startServer(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// startCountingServer starts a server that counts its connections.
func startCountingServer(t testing.TB, handler http.HandlerFunc) (string, *atomic.Int32) {
	t.Helper()
	made := new(atomic.Int32)
	server := httptest.NewUnstartedServer(handler)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			made.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	return server.URL, made
}

// readRequestText returns the text of one request with its body.
func readRequestText(c net.Conn) string {
	in := bufio.NewReader(c)
	var head strings.Builder
	length := 0
	for {
		line, err := in.ReadString('\n')
		if line = strings.TrimRight(line, "\r\n"); line == "" || err != nil {
			break
		}
		_, _ = fmt.Sscanf(line, "Content-Length: %d", &length)
		head.WriteString(line + "\n")
	}
	body := make([]byte, length)
	_, _ = io.ReadFull(in, body)
	return strings.TrimSpace(head.String() + "\n" + string(body))
}

// longBody is a reader of left bytes.
type longBody struct{ left int64 }

func (b *longBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), b.left)
	b.left -= n
	return copy(p[:n], bytes.Repeat([]byte("x"), int(n))), nil
}

// silentLogger discards the errors of servers whose connections are meant to fail.
func silentLogger() *log.Logger { return log.New(io.Discard, "", 0) }

// startTLSServer starts a server with a certificate for example.com and 127.0.0.1, and returns options that trust it.
func startTLSServer(t testing.TB, h2 bool, handler http.HandlerFunc) (string, Options) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = h2
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // handshakes that are meant to fail are logged
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.URL, noRetryOptions(func(o *Options) { o.TLS = &tls.Config{RootCAs: roots} })
}

// respondProtocol responds with the request's protocol version.
func respondProtocol(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }

// startCleartextServer starts a server that speaks HTTP/1.1 and HTTP/2 without TLS.
func startCleartextServer(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

// readerFunc makes an io.Reader of a function.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
