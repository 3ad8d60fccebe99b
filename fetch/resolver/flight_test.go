package resolver

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/nettest"
)

// TestOneFlight: a name is asked for once, however many wait for it, and few names are asked for at once.
func TestOneFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := nettest.PipeDNS(func(q nettest.DNSQuery) nettest.DNSAnswer {
			return nettest.DNSAnswer{Addrs: []string{v4}, Delay: 200 * time.Millisecond}
		})
		r := newResolver(t, Config{TTL: -1}, server)
		var all sync.WaitGroup
		for i := range 1000 {
			all.Go(func() {
				if got, _ := lookUp(t.Context(), r, fmt.Sprintf("a%d.test.", i%200)); got != v4 {
					t.Error(got)
				}
			})
		}
		time.Sleep(time.Second / 10)
		if waited := r.WaitedFor(time.Now()); waited != 100*time.Second {
			t.Errorf("they have waited for %s", waited)
		}
		all.Wait()
		waited := r.WaitedFor(time.Now())
		if time.Sleep(time.Hour); r.WaitedFor(time.Now()) != waited {
			t.Error("who waits for nothing waits")
		}
		if queries, most := server.Queries(); queries != 400 || most != 2*maxFlights {
			t.Errorf("%d queries, %d at once", queries, most)
		}
	})
}

// TestRefusedUnderLoad: a server that refuses what is over its own bound loses nothing.
func TestRefusedUnderLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := nettest.PipeDNS(func(q nettest.DNSQuery) nettest.DNSAnswer {
			if q.UnderWay > 30 {
				return nettest.DNSAnswer{RCode: refused}
			}
			return nettest.DNSAnswer{Addrs: []string{v4}, Delay: 20 * time.Millisecond}
		})
		r := newResolver(t, Config{TTL: -1}, server)
		var all sync.WaitGroup
		for i := range 3000 {
			all.Go(func() {
				if got, _ := lookUp(t.Context(), r, fmt.Sprintf("a%d.test.", i)); got != v4 {
					t.Error(got)
				}
			})
		}
		all.Wait()
	})
}

// TestSlowNamesHoldNoOthersUp: names whose servers are dead do not keep the others from being asked for.
func TestSlowNamesHoldNoOthersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := nettest.PipeDNS(func(q nettest.DNSQuery) nettest.DNSAnswer {
			return nettest.DNSAnswer{Addrs: []string{v4}, Drop: strings.HasPrefix(q.Name, "dead")}
		})
		r := newResolver(t, Config{TTL: -1}, server)
		var all sync.WaitGroup
		defer all.Wait()
		for i := range maxFlights {
			all.Go(func() { lookUp(t.Context(), r, fmt.Sprintf("dead%d.test.", i)) })
		}
		time.Sleep(time.Millisecond)
		if got, took := lookUp(t.Context(), r, "a.test."); got != v4 || took > slowFlight {
			t.Errorf("%s after %s", got, took)
		}
	})
}

// TestWaiting: a look-up that ends with its context says what it waited for.
func TestWaiting(t *testing.T) {
	for name, tt := range map[string]struct {
		answer nettest.DNSAnswer
		want   string
	}{
		"silence": {nettest.DNSAnswer{Drop: true},
			"no address for a.test. yet: no answer from resolver 192.0.2.53 (6 queries)"},
		"others": {nettest.DNSAnswer{Delay: 1500 * time.Millisecond, Addrs: []string{v4}},
			"no address for a.test. yet: other look-ups are to end first"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := nettest.PipeDNS(func(nettest.DNSQuery) nettest.DNSAnswer { return tt.answer })
				r := newResolver(t, Config{TTL: -1}, server)
				var all sync.WaitGroup
				defer all.Wait()
				if name == "others" {
					for i := range maxFlights {
						all.Go(func() { lookUp(t.Context(), r, fmt.Sprintf("b%d.test.", i)) })
					}
					time.Sleep(time.Millisecond)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 900*time.Millisecond)
				defer cancel()
				_, _, err := r.Lookup(ctx, "a.test.")
				var e *Error
				if !errors.As(err, &e) || !e.Waiting || e.NotFound || e.Error() != tt.want {
					t.Errorf("got %v", err)
				}
			})
		})
	}
}
