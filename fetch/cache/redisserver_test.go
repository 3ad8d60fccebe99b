package cache_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/nettest"
)

// A redisServer is a process of redis-server that the test has started.
type redisServer struct {
	process *exec.Cmd
	port    string
	dir     string
}

// startRedis starts a redis-server on loopback without persistence, and waits until it accepts connections. An empty
// port is any free one. arguments are its own; where the first is --tls, it accepts TLS alone. The test is skipped
// where there is no redis-server.
func startRedis(t *testing.T, port string, arguments ...string) *redisServer {
	t.Helper()
	name, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on the PATH")
	}
	if port == "" {
		if port, err = nettest.FreePort(); err != nil {
			t.Fatal(err)
		}
	}
	s := &redisServer{port: port, dir: t.TempDir()}
	listen := []string{"--port", port}
	if len(arguments) > 0 && arguments[0] == "--tls" {
		listen, arguments = []string{"--port", "0", "--tls-port", port}, arguments[1:]
	}
	listen = append(listen, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir)
	s.process = exec.Command(name, append(listen, arguments...)...)
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close()
			return s
		}
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not listen")
		}
	}
}

// kill ends the process.
func (s *redisServer) kill() {
	if s.process != nil {
		_ = s.process.Process.Kill() // it may have ended by itself
		_ = s.process.Wait()
		s.process = nil
	}
}

// openRedis opens a Store in the server at url.
func openRedis(t *testing.T, url string, settings cache.RedisSettings) *cache.Redis {
	t.Helper()
	s, err := cache.OpenRedis(url, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// client returns a client of the server itself, to see and change what is stored.
func (s *redisServer) client(t *testing.T, db int) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + s.port, DB: db})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// authority makes a self-signed certificate for 127.0.0.1, as PEM files and as the authority of a client.
func authority(t *testing.T) (certificate, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certificate, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	if err := os.WriteFile(certificate, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}), 0o600); err != nil {
		t.Fatal(err)
	}
	roots = x509.NewCertPool()
	roots.AppendCertsFromPEM(text)
	return certificate, key, roots
}
