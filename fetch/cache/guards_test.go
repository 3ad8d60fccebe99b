package cache_test

import (
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/nettest"
)

// TestGuardLyingRedis: a server that answers more than was asked, or another thing, costs a cache: it is hung up on,
// one warning says so in words of ours, and it is left alone. The run loses no time.
func TestGuardLyingRedis(t *testing.T) {
	const secret = "s3cret"
	for says, want := range map[string]string{
		"$2147483648\r\n":                     "its answer is not what was requested: it has another length",
		"*1000000000\r\n":                     "its answer is not what was requested: it has another type",
		"+" + strings.Repeat("x", 5<<10):      "its answer is not what was requested: a line is over 4 KiB",
		"-ERR " + secret + "\r\n":             "it refuses a command",
		"-NOAUTH " + secret + "\r\n":          "it wants a password",
		"$2\r\nab\r\n:1\r\n$5\r\nextra\r\n":   "its answer is not what was requested: there is more",
		"HTTP/1.1 400 " + secret + "\r\n\r\n": "its answer is not what was requested: it has another type",
		"":                                    "it has closed the connection",
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var conns atomic.Int32
		go func() {
			for c, err := listener.Accept(); err == nil; c, err = listener.Accept() {
				conns.Add(1)
				_, _ = c.Read(make([]byte, 1<<10))
				_, _ = c.Write([]byte(says))
				if strings.HasPrefix(says, "-") { // to the second command
					_, _ = c.Write([]byte(says))
				}
				_ = c.Close()
			}
		}()
		var warnings []string
		g := cache.NewGuard(openRedis(t, "redis://"+listener.Addr().String(), cache.RedisSettings{}),
			func(err error, _ bool) { warnings = append(warnings, err.Error()) })
		began := time.Now()
		for range 100 {
			if found, err := g.Get(t.Context(), cache.Key{1}); found != nil || err != nil {
				t.Errorf("%q: %v, %v", says, found, err)
			}
		}
		if len(warnings) != 1 || warnings[0] != want || strings.Contains(warnings[0], secret) {
			t.Errorf("%.32q: warned %q, want %q", says, warnings, want)
		}
		if n := conns.Load(); n != 1 || time.Since(began) > 20*time.Second {
			t.Errorf("%.32q: %d connections in %s", says, n, time.Since(began))
		}
		_ = listener.Close()
	}
}

// TestGuardRedisKeys: a server that answers with the entry of another key is not believed.
func TestGuardRedisKeys(t *testing.T) {
	server := nettest.StartRedis(t, "")
	s := openRedis(t, "redis://127.0.0.1:"+server.Port, cache.RedisSettings{})
	if err := cache.Write(t.Context(), s, cache.Key{1}, &cache.Entry{Status: http.StatusMovedPermanently}); err != nil {
		t.Fatal(err)
	}
	client := server.Client(t, 0)
	name := client.Keys(t.Context(), "*").Val()[0]
	other := strings.Replace(name, ":01", ":02", 1)
	if err := client.Copy(t.Context(), name, other, 0, true).Err(); err != nil {
		t.Fatal(err)
	}
	if found, err := s.Get(t.Context(), cache.Key{2}); err != nil || found != nil {
		t.Errorf("%v, %v", found, err)
	}
}
