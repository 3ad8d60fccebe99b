package h2

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/http2"
)

// TestAdmission: an exchange begins where the server allows another one, also where one ahead of it has been woken and
// has yet to begin, or is cancelled by then.
func TestAdmission(t *testing.T) {
	for name, begin := range map[string]func(t *testing.T, c *Conn) error{
		"one ahead has yet to begin": func(t *testing.T, c *Conn) error {
			c.mu.Lock()
			c.waiting = append(c.waiting, c.newStream(get(), c.config.Window))
			c.allowed = 3
			c.admit()
			c.mu.Unlock()
			return exchangeSoon(t, c)
		},
		"one ahead is cancelled": func(t *testing.T, c *Conn) error {
			ahead, cancel := context.WithCancel(t.Context())
			behind := make(chan error, 1)
			go func() { _, _ = exchange(ahead, c, get()) }()
			synctest.Wait()
			go func() { behind <- exchangeSoon(t, c) }()
			synctest.Wait()
			c.mu.Lock()
			c.allowed = 2
			c.admit()
			cancel()
			c.mu.Unlock()
			return <-behind
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ours, theirs := net.Pipe()
				c, _ := serveOn(t, testConfig(), ours, theirs, func(s *server) {
					_ = s.WriteSettings(http2.Setting{ID: http2.SettingMaxConcurrentStreams, Val: 1})
					s.next() // stays without an answer
					s.ok(s.next(), "")
					s.drain()
				})
				go func() { _, _ = exchange(t.Context(), c, get()) }()
				synctest.Wait()
				if err := begin(t, c); err != nil {
					t.Error(err)
				}
				c.Close()
				<-c.Done()
			})
		})
	}
}

// exchangeSoon makes an exchange within a few seconds of the test's clock.
func exchangeSoon(t *testing.T, c *Conn) error {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	_, err := exchange(ctx, c, get())
	return err
}
