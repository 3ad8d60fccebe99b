package fetch

import (
	"bufio"
	"crypto/tls"
	"encoding/pem"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/nettest"

	"crypto/x509"
)

// TestRenegotiation checks that a server of TLS 1.2 may renegotiate once over HTTP/1.1, after the request has come, as
// IIS and Apache do where a folder wants a client certificate (RFC 5246 section 7.4.1.1). It needs openssl.
func TestRenegotiation(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("there is no openssl")
	}
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	pair := form.TLS.Certificates[0]
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "pair.pem")
	text := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...)
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, version := range []string{"-tls1_2", "-no_ssl3"} {
		askLate(t, openssl, file, &pair, version)
	}
}

// askLate gets a page from a server that asks for a client certificate once the request has come: over TLS 1.2 by a
// renegotiation. Over TLS 1.3 it answers 403, as Apache 2.4 does where the client allows no post-handshake
// authentication.
func askLate(t *testing.T, openssl, file string, pair *tls.Certificate, version string) {
	t.Helper()
	port, err := nettest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	addr := "127.0.0.1:" + port
	server := exec.CommandContext(t.Context(), openssl, "s_server", "-accept", addr, "-cert", file, "-key", file,
		version, "-crlf")
	typed, err := server.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	heard, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = server.Process.Kill(); _ = server.Wait() }()
	go func() { // ends with the server
		isNew := false // TLS 1.3
		for lines := bufio.NewScanner(heard); lines.Scan(); {
			switch line := lines.Text(); {
			case strings.HasPrefix(line, "CIPHER is "):
				isNew = strings.HasPrefix(line, "CIPHER is TLS_")
			case strings.HasPrefix(line, "GET / ") && isNew:
				_, _ = io.WriteString(typed, "HTTP/1.1 403 No\nContent-Length: 0\n\n")
			case strings.HasPrefix(line, "GET / "):
				_, _ = io.WriteString(typed, "R\n") // renegotiate, and ask
			case strings.HasPrefix(line, "SSL_do_handshake -> 1"):
				_, _ = io.WriteString(typed, "HTTP/1.1 200 OK\nContent-Length: 2\n\nok\n")
			}
		}
	}()
	r, body := runOne(t, "https://"+addr+"/", noRetryOptions(func(o *Options) {
		o.TLS, o.Timeout = &tls.Config{InsecureSkipVerify: true, Certificates: []tls.Certificate{*pair}}, time.Minute
		o.Retries, o.RetryDelay = 25, 200*time.Millisecond // until it listens
	}))
	if r.Failure != nil || body != "ok" {
		t.Errorf("%s: got %q, %v", version, body, r.Failure)
	}
}
