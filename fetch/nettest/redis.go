package nettest

import (
	"errors"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A RedisServer is a process of redis-server on loopback.
type RedisServer struct {
	Port, Addr string    // Addr has the port
	process    *exec.Cmd // nil after Kill
}

// HasRedis reports whether there is a redis-server on the PATH.
func HasRedis() bool {
	_, err := exec.LookPath("redis-server")
	return err == nil
}

// RunRedis starts a redis-server without persistence whose directory is dir, and waits until it accepts connections. An
// empty port is any free one. arguments are its own: with --port 0 --tls-port PORT it accepts TLS alone.
func RunRedis(dir, port string, arguments ...string) (*RedisServer, error) {
	var err error
	if port == "" {
		if port, err = FreePort(); err != nil {
			return nil, err
		}
	}
	all := append([]string{"--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir},
		arguments...)
	s := &RedisServer{Port: port, Addr: net.JoinHostPort("127.0.0.1", port), process: exec.Command("redis-server", all...)}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if c, err := net.Dial("tcp", s.Addr); err == nil {
			_ = c.Close()
			return s, nil
		}
	}
	s.Kill()
	return nil, errors.New("redis-server does not listen")
}

// StartRedis is RunRedis for a test, which is skipped where there is no redis-server.
func StartRedis(t testing.TB, port string, arguments ...string) *RedisServer {
	t.Helper()
	if !HasRedis() {
		t.Skip("no redis-server on the PATH")
	}
	s, err := RunRedis(t.TempDir(), port, arguments...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

// Kill ends the process, once.
func (s *RedisServer) Kill() {
	if s.process != nil {
		_ = s.process.Process.Kill() // it may have ended by itself
		_ = s.process.Wait()
		s.process = nil
	}
}

// Client returns a client of the server itself, to see and change what a database of it has.
func (s *RedisServer) Client(t testing.TB, db int) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: s.Addr, DB: db})
	t.Cleanup(func() { _ = c.Close() })
	return c
}
