package cache_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cache/storetest"
	"batchfetch/fetch/nettest"
)

func TestRedis(t *testing.T) {
	server := nettest.StartRedis(t, "")
	db := 0
	storetest.Run(t, func(t *testing.T) storetest.Subject {
		db++
		here := db
		return storetest.Subject{
			Open: func(t *testing.T) cache.Store {
				return openRedis(t, fmt.Sprintf("redis://127.0.0.1:%s/%d", server.Port, here), cache.RedisSettings{})
			},
			Spoil: func(t *testing.T) {
				c := server.Client(t, here)
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

// TestRedisKeysExpire checks that every key has a time to live, whichever call wrote it, and that each use renews it,
// unless it is that of --cache-ttl: then only a response that was validated lives on.
func TestRedisKeysExpire(t *testing.T) {
	server := nettest.StartRedis(t, "")
	const day = 24 * time.Hour
	for _, tt := range []struct {
		keep     time.Duration
		remember bool
		want     time.Duration
		renews   bool
	}{
		{0, false, 30 * day, true}, {0, true, 30 * day, true},
		{5 * time.Minute, false, 5 * time.Minute, false}, {90 * day, false, 90 * day, false},
		{5 * time.Minute, true, 30 * day, true}, {90 * day, true, 90 * day, true},
	} {
		s := openRedis(t, "redis://127.0.0.1:"+server.Port, cache.RedisSettings{Keep: tt.keep, Remember: tt.remember})
		key, e := cache.Key{1}, &cache.Entry{Status: 301}
		client := server.Client(t, 0)
		check := func(what string, want time.Duration) {
			t.Helper()
			keys := client.Keys(t.Context(), "*").Val()
			if len(keys) != 1 {
				t.Fatalf("%s: %d keys", what, len(keys))
			}
			if ttl := client.TTL(t.Context(), keys[0]).Val(); ttl > want || ttl < want-want/10 {
				t.Errorf("%v: %s: lives %s, want %s", tt, what, ttl, want)
			}
			if err := client.Expire(t.Context(), keys[0], time.Minute).Err(); err != nil {
				t.Fatal(err)
			}
		}
		if err := cache.Write(t.Context(), s, key, e); err != nil {
			t.Fatal(err)
		}
		check("written", tt.want)
		if _, err := s.Get(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Get(t.Context(), cache.Key{2}); err != nil { // leaves no key behind
			t.Fatal(err)
		}
		if tt.renews {
			check("found", tt.want)
		} else {
			check("found", time.Minute)
		}
		if err := s.Refresh(t.Context(), key, e); err != nil {
			t.Fatal(err)
		}
		check("refreshed", tt.want)
	}
}

// TestRedisChoicesOutliveResponses checks that the choice of several responses lives as long as the one that was stored
// last, although use renews no response.
func TestRedisChoicesOutliveResponses(t *testing.T) {
	server := nettest.StartRedis(t, "")
	s := openRedis(t, "redis://127.0.0.1:"+server.Port, cache.RedisSettings{Keep: 5 * time.Minute})
	client := server.Client(t, 0)
	q := cache.Request{Method: "GET", URL: "http://a.test/", Header: http.Header{"Accept-Language": {"en"}}}
	_, place, err := cache.Find(t.Context(), s, &q)
	if err != nil {
		t.Fatal(err)
	}
	d, err := place.Draft(t.Context(), s, &q, http.Header{"Vary": {"Accept-Language"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Commit(t.Context(), &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	keys := client.Keys(t.Context(), "*").Val()
	for _, key := range keys {
		if err := client.Expire(t.Context(), key, time.Minute).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if found, _, err := cache.Find(t.Context(), s, &q); found == nil || err != nil {
		t.Fatalf("%v, %v", found, err)
	}
	renewed := 0
	for _, key := range keys {
		if client.TTL(t.Context(), key).Val() > 2*time.Minute {
			renewed++
		}
	}
	if len(keys) != 2 || renewed != 1 {
		t.Errorf("%d of %d keys are renewed", renewed, len(keys))
	}
}

// TestRedisForeignValues checks that any value under our keys, of any size, is no entry.
func TestRedisForeignValues(t *testing.T) {
	server := nettest.StartRedis(t, "")
	s := openRedis(t, "redis://127.0.0.1:"+server.Port, cache.RedisSettings{})
	client := server.Client(t, 0)
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

// tooLarge returns a valid image whose body is larger than a value may be.
func tooLarge(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	body := bytes.Repeat([]byte("x"), 2<<20)
	w, err := openDisk(t, dir, 1<<30).Put(t.Context(), cache.Key{1})
	if err == nil {
		_, _ = w.Write(body) // Commit returns its error
		err = w.Commit(t.Context(), &cache.Entry{
			Status: 200, HasBody: true, Size: int64(len(body)), SHA256: sha256.Sum256(body),
		})
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

// TestRedisPassword checks that the password of a URL is used, and is in no error.
func TestRedisPassword(t *testing.T) {
	server := nettest.StartRedis(t, "", "--requirepass", "s3cret%word")
	for url, want := range map[string]bool{
		"redis://:s3cret%25word@127.0.0.1:" + server.Port:        true,
		"redis://default:s3cret%25word@127.0.0.1:" + server.Port: true,
		"redis://:s3cretwrong@127.0.0.1:" + server.Port:          false,
		"redis://127.0.0.1:" + server.Port:                       false,
	} {
		_, err := openRedis(t, url, cache.RedisSettings{}).Get(t.Context(), cache.Key{1})
		if (err == nil) != want || err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v", url, err)
		}
	}
	for _, url := range []string{
		"redis://:s3cret%zz@127.0.0.1/", "redis://u:s3cret@:99999999/", "redis:///0", "http://u:s3cret@h/",
		"redis://u:s3cret@h/x", "redis://h/?password=s3cret", "redis://u:s3 cret@[/",
	} {
		if s, err := cache.OpenRedis(url, cache.RedisSettings{}); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, %v", url, s, err)
		}
	}
}

// TestRedisTLS checks that rediss:// verifies the certificate with the given authorities.
func TestRedisTLS(t *testing.T) {
	certificate, key, roots := authority(t)
	port, err := nettest.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	server := nettest.StartRedis(t, port, "--port", "0", "--tls-port", port, "--tls-cert-file", certificate,
		"--tls-key-file", key, "--tls-ca-cert-file", certificate, "--tls-auth-clients", "no")
	url := "rediss://127.0.0.1:" + server.Port
	s := openRedis(t, url, cache.RedisSettings{Roots: roots})
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Get(t.Context(), cache.Key{1}); err != nil || found == nil {
		t.Errorf("%v, %v", found, err)
	}
	var unknown x509.UnknownAuthorityError
	stranger := openRedis(t, url, cache.RedisSettings{Roots: x509.NewCertPool()})
	if _, err := stranger.Get(t.Context(), cache.Key{1}); !errors.As(err, &unknown) {
		t.Errorf("got %v", err)
	}
}

// TestRedisRestarts checks that a server that is killed causes one warning, and is used again once it has restarted.
func TestRedisRestarts(t *testing.T) {
	server := nettest.StartRedis(t, "")
	warned := 0
	s := openRedis(t, "redis://127.0.0.1:"+server.Port, cache.RedisSettings{})
	g := cache.NewGuard(s, func(error, bool) { warned++ })
	if err := cache.Write(t.Context(), g, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Fatal(err)
	}
	server.Kill()
	for range 100 {
		if found, err := g.Get(t.Context(), cache.Key{1}); found != nil || err != nil {
			t.Fatal(found, err)
		}
	}
	if warned != 1 {
		t.Errorf("warned %d times", warned)
	}
	nettest.StartRedis(t, server.Port)
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: 301}); err != nil {
		t.Error(err)
	}
}

// TestRedisObeysContext checks that a call of a server that never responds returns as soon as its context is cancelled,
// and otherwise at its timeout.
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
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := s.Get(t.Context(), cache.Key{1}); err == nil { // at its timeout
		t.Error("an answer came from nowhere")
	}
}
