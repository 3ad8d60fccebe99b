package cache_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cache/storetest"
)

// A redisServer is a process of our own.
type redisServer struct {
	process *exec.Cmd
	port    string
	dir     string
}

// startRedis starts a redis-server on loopback that forgets everything at its end, and awaits that it answers.
func startRedis(t *testing.T, port string, arguments ...string) *redisServer {
	t.Helper()
	name, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("no redis-server on the PATH")
	}
	if port == "" {
		port = freePort(t)
	}
	s := &redisServer{port: port, dir: t.TempDir()}
	listen := []string{"--port", port}
	if len(arguments) > 0 && arguments[0] == "--tls" {
		listen, arguments = []string{"--port", "0", "--tls-port", port}, arguments[1:]
	}
	s.process = exec.Command(name, append(append(listen, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir), arguments...)...)
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.kill)
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			_ = c.Close()
			return s
		}
		if time.Now().After(deadline) {
			t.Fatal("redis-server does not listen")
		}
	}
}

func (s *redisServer) kill() {
	if s.process != nil {
		_ = s.process.Process.Kill() // it may have ended by itself
		_ = s.process.Wait()
		s.process = nil
	}
}

func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

func openRedis(t *testing.T, url string, settings cache.RedisSettings) *cache.Redis {
	t.Helper()
	s, err := cache.OpenRedis(url, settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// client looks at what is in the server.
func (s *redisServer) client(t *testing.T, db int) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + s.port, DB: db})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestRedis(t *testing.T) {
	server := startRedis(t, "")
	db := 0
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		db++
		here := db
		return storetest.Subject{
			Open: func(t *testing.T) cache.Store {
				return openRedis(t, fmt.Sprintf("redis://127.0.0.1:%s/%d", server.port, here), cache.RedisSettings{})
			},
			Spoil: func(t *testing.T) {
				c := server.client(t, here)
				for _, key := range c.Keys(t.Context(), "*").Val() {
					text := []byte(c.Get(t.Context(), key).Val())
					if at := strings.LastIndex(string(text), "batchfetch"); at >= 0 {
						text[at] ^= 1
					}
					if err := c.Set(t.Context(), key, text, time.Hour).Err(); err != nil {
						t.Fatal(err)
					}
				}
			},
			TooLarge: 1 << 20, // with its note it is over 1 MiB
		}
	})
}

// TestRedisKeysExpire: every key has a time to live, whatever wrote it, and each use renews it.
func TestRedisKeysExpire(t *testing.T) {
	server := startRedis(t, "")
	for _, tt := range []struct{ keep, want time.Duration }{{0, 30 * 24 * time.Hour}, {90 * 24 * time.Hour, 90 * 24 * time.Hour}} {
		s := openRedis(t, "redis://127.0.0.1:"+server.port, cache.RedisSettings{Keep: tt.keep})
		key, e := cache.Key{1}, &cache.Entry{Status: 301}
		client := server.client(t, 0)
		check := func(what string) {
			t.Helper()
			keys := client.Keys(t.Context(), "*").Val()
			if len(keys) != 1 {
				t.Fatalf("%s: %d keys", what, len(keys))
			}
			if ttl := client.TTL(t.Context(), keys[0]).Val(); ttl > tt.want || ttl < tt.want-time.Hour {
				t.Errorf("%s: lives %s", what, ttl)
			}
			if err := client.Expire(t.Context(), keys[0], time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cache.Write(t.Context(), s, key, e); err != nil {
			t.Fatal(err)
		}
		check("written")
		if _, err := s.Get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), cache.Key{2}); err != nil { // leaves no key behind
			t.Fatal(err)
		}
		check("found")
		if err := s.Refresh(t.Context(), key, e); err != nil {
			t.Fatal(err)
		}
		check("refreshed")
	}
}

// TestRedisForeignValues: what stands in the server may be anything, as large as it likes.
func TestRedisForeignValues(t *testing.T) {
	server := startRedis(t, "")
	s := openRedis(t, "redis://127.0.0.1:"+server.port, cache.RedisSettings{})
	client := server.client(t, 0)
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	name := client.Keys(t.Context(), "*").Val()[0]
	for _, value := range []string{"x", "bfc1", strings.Repeat("bfc1", 8<<20), tooLarge(t)} {
		if err := client.Set(t.Context(), name, value, time.Hour).Err(); err != nil {
			t.Fatal(err)
		}
		if found, err := s.Get(t.Context(), cache.Key{1}); found != nil || err != nil {
			t.Errorf("%d bytes: %v, %v", len(value), found, err)
		}
	}
}

// tooLarge is what stands under the first key, but that its body is larger than a value may be.
func tooLarge(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	body := bytes.Repeat([]byte("x"), 2<<20)
	w, err := openDisk(t, dir, 1<<30).Put(t.Context(), cache.Key{1})
	if err == nil {
		_, _ = w.Write(body) // Commit tells
		err = w.Commit(t.Context(), &cache.Entry{Status: 200, HasBody: true, Size: int64(len(body)), SHA256: sha256.Sum256(body)})
	}
	if err != nil {
		t.Fatal(err)
	}
	image, err := os.ReadFile(filesIn(t, dir)[0])
	if err != nil {
		t.Fatal(err)
	}
	return string(image)
}

// TestRedisPassword: it opens the door, and stands in no error.
func TestRedisPassword(t *testing.T) {
	server := startRedis(t, "", "--requirepass", "s3cret%word")
	for url, want := range map[string]bool{
		"redis://:s3cret%25word@127.0.0.1:" + server.port:        true,
		"redis://default:s3cret%25word@127.0.0.1:" + server.port: true,
		"redis://:s3cretwrong@127.0.0.1:" + server.port:          false,
		"redis://127.0.0.1:" + server.port:                       false,
	} {
		_, err := openRedis(t, url, cache.RedisSettings{}).Get(t.Context(), cache.Key{1})
		if (err == nil) != want || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{"redis://:s3cret%zz@127.0.0.1/", "redis://u:s3cret@:99999999/", "redis:///0", "http://u:s3cret@h/", "redis://u:s3cret@h/x", "redis://h/?password=s3cret", "redis://u:s3 cret@[/"} {
		if s, err := cache.OpenRedis(url, cache.RedisSettings{}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, %v", url, s, err)
		}
	}
}

// TestRedisTLS: rediss:// checks the certificate against the authorities given.
func TestRedisTLS(t *testing.T) {
	certificate, key, roots := authority(t)
	server := startRedis(t, "", "--tls", "--tls-cert-file", certificate, "--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no")
	url := "rediss://127.0.0.1:" + server.port
	s := openRedis(t, url, cache.RedisSettings{Roots: roots})
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Get(t.Context(), cache.Key{1}); err != nil || found == nil {
		t.Errorf("%v, %v", found, err)
	}
	var unknown x509.UnknownAuthorityError
	if _, err := openRedis(t, url, cache.RedisSettings{Roots: x509.NewCertPool()}).Get(t.Context(), cache.Key{1}); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

// authority makes a certificate for 127.0.0.1 that signs itself.
func authority(t *testing.T) (certificate, key string, roots *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true}
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

// TestRedisRestarts: a server that is killed costs one warning; one that comes back is used again.
func TestRedisRestarts(t *testing.T) {
	server := startRedis(t, "")
	told := 0
	s := openRedis(t, "redis://127.0.0.1:"+server.port, cache.RedisSettings{})
	g := cache.NewGuard(s, func(error, bool) { told++ })
	if err := cache.Write(t.Context(), g, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	server.kill()
	for range 100 {
		if found, err := g.Get(t.Context(), cache.Key{1}); found != nil || err != nil {
			t.Fatal(found, err)
		}
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	startRedis(t, server.port)
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Error(err)
	}
}

// TestRedisObeysContext: a server that says nothing does not hold what has ended.
func TestRedisObeysContext(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	s := openRedis(t, "redis://"+l.Addr().String(), cache.RedisSettings{})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.Get(ctx, cache.Key{1})
		done <- err
	}()
	cancel()
	if err := <-done; err == nil {
		t.Error("an answer came from nowhere")
	}
	if _, err := s.Get(t.Context(), cache.Key{1}); err == nil { // nor anything else for ever
		t.Error("an answer came from nowhere")
	}
}
