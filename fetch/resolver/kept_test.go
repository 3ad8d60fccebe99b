package resolver

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"batchfetch/fetch/nettest"
)

// TestKept: an answer is kept for its TTL, within bounds, one that a name does not exist for a moment.
func TestKept(t *testing.T) {
	for _, tt := range []struct {
		name string
		ttl  time.Duration
		with nettest.DNSAnswer
		want time.Duration // how long the next look-up asks nobody
	}{
		{"its TTL", -1, nettest.DNSAnswer{Addrs: []string{v4}, TTL: 30}, 30 * time.Second},
		{"a short TTL", -1, nettest.DNSAnswer{Addrs: []string{v4}, TTL: 1}, minTTL},
		{"no TTL", -1, nettest.DNSAnswer{Addrs: []string{v4}}, minTTL},
		{"a long TTL", -1, nettest.DNSAnswer{Addrs: []string{v4}, TTL: 86400}, maxTTL},
		{"the highest TTL", -1, nettest.DNSAnswer{Addrs: []string{v4}, TTL: 1<<31 - 1}, maxTTL},
		{"a negative TTL", -1, nettest.DNSAnswer{Addrs: []string{v4}, TTL: 1 << 31}, minTTL},
		{"no such name", -1, nettest.DNSAnswer{RCode: nxdomain}, goneTTL},
		{"another TTL", 2 * time.Minute, nettest.DNSAnswer{Addrs: []string{v4}, TTL: 30}, 2 * time.Minute},
		{"0", 0, nettest.DNSAnswer{Addrs: []string{v4}, TTL: 30}, 0},
		{"0, no such name", 0, nettest.DNSAnswer{RCode: nxdomain}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				server := nettest.PipeDNS(func(nettest.DNSQuery) nettest.DNSAnswer { return tt.with })
				r := newResolver(t, Config{TTL: tt.ttl}, server)
				first, _ := lookUp(t.Context(), r, "a.test.")
				before, _ := server.Queries()
				if tt.want > 0 {
					time.Sleep(tt.want - time.Millisecond)
					if again, _ := lookUp(t.Context(), r, "A.test."); strings.ToLower(again) != first {
						t.Errorf("%q, then %q", first, again)
					}
					time.Sleep(time.Millisecond)
				}
				if now, _ := server.Queries(); now != before {
					t.Errorf("%d queries, then %d", before, now)
				}
				lookUp(t.Context(), r, "a.test.")
				if now, _ := server.Queries(); now == before {
					t.Error("it is kept longer")
				}
				if c := r.Counts(); c.FromMemory != min(int64(tt.want), 1) || c.Lookups != c.FromMemory+2 {
					t.Errorf("%+v", c)
				}
			})
		})
	}
}

// TestHostsFile: an address of the hosts file is kept for a moment.
func TestHostsFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := nettest.PipeDNS(both)
		r := newResolver(t, Config{TTL: -1}, server)
		if got, _ := lookUp(t.Context(), r, "localhost"); !strings.Contains(got, "127.0.0.1") {
			t.Skip("the hosts file has no localhost: ", got)
		}
		if queries, _ := server.Queries(); queries > 0 {
			t.Skip("the hosts file is not read first")
		}
		lookUp(t.Context(), r, "localhost")
		if c := r.Counts(); c.FromMemory != 1 {
			t.Errorf("%+v", c)
		}
		time.Sleep(quickTTL)
		if lookUp(t.Context(), r, "localhost"); r.Counts().FromMemory != 1 {
			t.Errorf("%+v", r.Counts())
		}
	})
}

// TestLastGood: a name that was answered keeps its last addresses while servers fail, or are silent, and no longer once
// they say that it does not exist.
func TestLastGood(t *testing.T) {
	for name, tt := range map[string]struct {
		trouble nettest.DNSAnswer
		ttl     time.Duration
		want    string
		took    time.Duration
	}{
		"SERVFAIL":        {nettest.DNSAnswer{RCode: servfail}, -1, v4, 0},
		"REFUSED":         {nettest.DNSAnswer{RCode: refused}, -1, v4, 0},
		"silence":         {nettest.DNSAnswer{Drop: true}, -1, v4, staleWait},
		"slow":            {nettest.DNSAnswer{Delay: 5 * time.Second, Addrs: []string{v4}}, -1, v4, staleWait},
		"SERVFAIL, TTL 0": {nettest.DNSAnswer{RCode: servfail}, 0, v4, 0},
		"NXDOMAIN":        {nettest.DNSAnswer{RCode: nxdomain}, -1, "no address found for a.test.", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fails := false
				server := nettest.PipeDNS(func(q nettest.DNSQuery) nettest.DNSAnswer {
					if fails {
						return tt.trouble
					}
					return nettest.DNSAnswer{Addrs: []string{v4}, TTL: 5}
				})
				r := newResolver(t, Config{TTL: tt.ttl}, server)
				lookUp(t.Context(), r, "a.test.")
				time.Sleep(time.Minute)
				fails = true
				if got, took := lookUp(t.Context(), r, "a.test."); got != tt.want || took != tt.took {
					t.Errorf("%s after %s", got, took)
				}
				before, _ := server.Queries()
				if got, took := lookUp(t.Context(), r, "a.test."); got != tt.want || took != 0 {
					t.Errorf("again: %s after %s", got, took)
				}
				if now, _ := server.Queries(); now != before && tt.ttl != 0 {
					t.Error("the server is asked again at once")
				}
				time.Sleep(lastGoodFor)
				if got, _ := lookUp(t.Context(), r, "a.test."); got == v4 && name != "slow" {
					t.Error("the address is used for ever")
				}
			})
		})
	}
}

// TestLateFamily: addresses of the family that came late join those that are kept.
func TestLateFamily(t *testing.T) {
	for _, late := range []dnsmessage.Type{typeA, typeAAAA} {
		synctest.Test(t, func(t *testing.T) {
			r := newResolver(t, Config{TTL: -1}, nettest.PipeDNS(func(q nettest.DNSQuery) nettest.DNSAnswer {
				a := both(q)
				if q.Type == late {
					a.Delay = 500 * time.Millisecond
				}
				return a
			}))
			if got, took := lookUp(t.Context(), r, "a.test."); strings.Contains(got, " ") || took != resolutionDelay {
				t.Errorf("%s after %s", got, took)
			}
			time.Sleep(time.Second)
			if got, _ := lookUp(t.Context(), r, "a.test."); got != v4+" "+v6 {
				t.Errorf("then %s", got)
			}
		})
	}
}

// TestNamesAreBounded: a cache has at most maxNames names.
func TestNamesAreBounded(t *testing.T) {
	c := cache{ttl: -1}
	now := time.Now()
	for i := range maxNames + 100 {
		c.put(fmt.Sprint(i), nil, minTTL, now)
	}
	if len(c.entries) != maxNames || !c.get(fmt.Sprint(maxNames+99), now).isFresh {
		t.Errorf("%d names", len(c.entries))
	}
}
