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

// startServer answers every request alike. Its server ends with the test.
func startServer(t testing.TB, handler http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server.URL
}

// startCountingServer is a server that counts the connections made to it.
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

// readRequestText returns one request as it came, its body included.
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

// A longBody is so many bytes.
type longBody struct{ left int64 }

func (b *longBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), b.left)
	b.left -= n
	return copy(p[:n], bytes.Repeat([]byte("x"), int(n))), nil
}

func silentLogger() *log.Logger { return log.New(io.Discard, "", 0) }

// startTLSServer is a server with a certificate for example.com and 127.0.0.1, and options that trust it.
func startTLSServer(t testing.TB, h2 bool, handler http.HandlerFunc) (string, Options) {
	t.Helper()
	server := httptest.NewUnstartedServer(handler)
	server.EnableHTTP2 = h2
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it complains of handshakes that are meant to fail
	server.StartTLS()
	t.Cleanup(server.Close)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return server.URL, noRetryOptions(func(o *Options) { o.TLS = &tls.Config{RootCAs: roots} })
}

func respondProtocol(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.Proto) }

// startCleartextServer is a server that speaks HTTP/1.1 and HTTP/2 without TLS.
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

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }
