package transport

import (
	"testing"
	"time"

	"batchfetch/fetch/dial"
)

// TestRoutesShareNoConnection: connections of Targets with another proxy, other credentials for one, or none are kept
// apart in each pool; a forwarding pool goes by the proxy alone.
func TestRoutesShareNoConnection(t *testing.T) {
	routes := []*Route{nil, NewRoute("", ""), NewRoute("http://p.test:1", ""), NewRoute("http://u:a@p.test:1", ""),
		NewRoute("http://u:b@p.test:1", "")}
	for _, forwards := range []bool{false, true} {
		p := &pool{forwards: forwards}
		seen := map[string]bool{}
		for i, route := range routes {
			to := testTarget(t, "GET", "http://a.test/", nil)
			to.Route = route
			other := testTarget(t, "GET", "http://b.test/", nil)
			other.Route = route
			if key := p.hostOf(to); seen[key] || (p.hostOf(other) == key) != forwards {
				t.Errorf("forwards %t, route %d: connections of %q, and of %q", forwards, i, key, p.hostOf(other))
			}
			seen[p.hostOf(to)] = true
		}
	}
}

// TestDialerOfTarget: the timeout of a Target is that of its dial, in place of the one of its host.
func TestDialerOfTarget(t *testing.T) {
	d := dial.New(dial.Config{Timeouts: func(string) (connect, exchange time.Duration) { return 1, 2 }})
	to := testTarget(t, "GET", "http://a.test/", nil)
	if dialerFor(d, to) != d {
		t.Error("a Target like all has a Dialer of its own")
	}
	to.Timeout = new(time.Duration(3))
	if connect, exchange := dialerFor(d, to).Timeouts(to.Origin); connect != 1 || exchange != 3 {
		t.Errorf("its dial may take %v, its exchange %v", connect, exchange)
	}
}
