package fetch

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestOpenSSLServers: what openssl s_server does that crypto/tls doesn't take names what is wrong and the option that
// helps; session tickets, however many, are no failure where there is TLS 1.2, too.
func TestOpenSSLServers(t *testing.T) {
	program, err := exec.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	for name, key := range map[string]string{"rsa": "rsa:2048", "short": "rsa:512", "pss": "rsa-pss"} {
		args := []string{"req", "-x509", "-nodes", "-newkey", key, "-days", "2", "-subj", "/CN=localhost",
			"-addext", "subjectAltName=DNS:localhost", "-keyout", filepath.Join(dir, name+".key"),
			"-out", filepath.Join(dir, name+".crt")}
		if key == "rsa-pss" {
			args = append(args, "-pkeyopt", "rsa_keygen_bits:2048")
		}
		if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
			t.Skipf("this openssl makes no such key: %v: %s", err, out)
		}
	}
	for _, tt := range []struct {
		name, cert, flags string
		says, option      string // of the failure; both empty is a success
	}{
		{name: "40 session tickets", cert: "rsa", flags: "-num_tickets 40"},
		{name: "40 session tickets and TLS 1.3 alone", cert: "rsa", flags: "-num_tickets 40 -tls1_3",
			says:   "tls: the server sends more session tickets at once over TLS 1.3 than can be read",
			option: dial.OptionTickets},
		{name: "an RSA-PSS key", cert: "pss",
			says:   "tls: localhost refused the handshake: it accepts nothing of what it is offered (alert 40)",
			option: dial.OptionCommon},
		{name: "a short key", cert: "short", flags: "-tls1_2 -cipher ALL@SECLEVEL=0",
			says:   "tls: certificate of localhost has an RSA key of 512 bits, too short to prove anything",
			option: dial.OptionUnreadable},
		{name: "no common cipher suite", cert: "rsa", flags: "-tls1_2 -cipher CAMELLIA256-SHA",
			says:   "tls: localhost refused the handshake: it accepts nothing of what it is offered (alert 40)",
			option: dial.OptionCommon},
		{name: "an old version", cert: "rsa", flags: "-tls1_1 -cipher ALL@SECLEVEL=0",
			says: "tls: localhost wants TLS 1.1 with TLS_ECDHE_RSA_", option: "tls-legacy"},
		{name: "a client certificate", cert: "rsa", flags: "-Verify 1",
			says: "tls: the connection was refused: it wants a client certificate (alert 116)", option: dial.OptionCert},
		{name: "another name", cert: "rsa", flags: "-servername other.test -servername_fatal",
			says: "tls: localhost refused the handshake: it has no such name (alert 112)", option: dial.OptionName},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			form := filepath.Join(dir, tt.cert)
			args := append([]string{"s_server", "-accept", "127.0.0.1:0", "-www", "-cert", form + ".crt", "-key",
				form + ".key", "-cert2", form + ".crt", "-key2", form + ".key"}, strings.Fields(tt.flags)...)
			addr := startOpenSSL(t, program, args...)
			_, port, err := net.SplitHostPort(addr)
			if err != nil {
				t.Fatal(err)
			}
			var sink recorder
			o := noRetryOptions(func(o *Options) { o.TLS = &tls.Config{InsecureSkipVerify: true} })
			lines := []string{"https://localhost:" + port + "/", "https://localhost:" + port + "/"}
			if tt.says != "" {
				lines = lines[:1] // a second one could resume the session of the first, which brings one ticket
			}
			if _, err := Run(t.Context(), linesOf(lines...), &sink, o); err != nil {
				t.Fatal(err)
			}
			for _, r := range sink.records {
				switch f := r.Failure; {
				case tt.says == "" && f == nil:
				case tt.says == "" || f == nil || f.Kind != failure.TLS || f.Option != tt.option ||
					!strings.HasPrefix(f.Error(), tt.says):
					t.Errorf("got %+v", f)
				}
			}
		})
	}
}

// startOpenSSL starts openssl s_server, which chooses a port, and returns its host:port. It ends with the test.
func startOpenSSL(t *testing.T, program string, args ...string) string {
	t.Helper()
	server := exec.Command(program, args...)
	out, err := server.StdoutPipe()
	if err == nil {
		err = server.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	said := make([]byte, 0, 4096)
	var addr string
	for !strings.Contains(addr, "\n") { // ACCEPT 127.0.0.1:1234
		n, err := out.Read(said[len(said):cap(said)])
		if err != nil {
			t.Skipf("openssl says %q: %v", said, err)
		}
		said = said[:len(said)+n]
		_, addr, _ = strings.Cut(string(said), "ACCEPT ")
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // ends with the server
	addr = strings.TrimSpace(addr)
	nettest.Eventually(t, fmt.Sprint("a connection to ", addr), func() bool {
		c, err := net.DialTimeout("tcp", addr, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err == nil
	})
	return addr
}
