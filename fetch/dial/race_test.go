package dial

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// A fakeNet has addresses that accept after a while, refuse, or are silent. It counts the attempts.
type fakeNet struct {
	mu       sync.Mutex // guards attempts
	attempts []netip.AddrPort
	accepts  map[netip.AddrPort]time.Duration // after which an address accepts
	refuses  map[netip.AddrPort]bool          // any other is silent
}

var errRefused = errors.New("refused")

func (n *fakeNet) connect(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
	n.mu.Lock()
	n.attempts = append(n.attempts, to)
	n.mu.Unlock()
	if n.refuses[to] {
		return nil, errRefused
	}
	var accepted <-chan time.Time
	if after, ok := n.accepts[to]; ok {
		accepted = time.After(after)
	}
	select {
	case <-accepted:
		ours, theirs := net.Pipe()
		_ = theirs.Close()
		return ours, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// addrs returns n addresses of a network such as 192.0.2.
func fakeAddrs(n int) (all []netip.AddrPort) {
	for i := range n {
		all = append(all, netip.MustParseAddrPort(fmt.Sprintf("192.0.2.%d:80", i)))
	}
	return all
}

// TestRace: attempts start one after the other, and the dead addresses among them cost their start alone, and that
// once.
func TestRace(t *testing.T) {
	addrs := fakeAddrs(20)
	for _, tt := range []struct {
		name          string
		silent        int // the first so many
		refuse        bool
		within        time.Duration
		first, second time.Duration
	}{
		{"the first accepts", 0, false, 10 * time.Second, 0, 0},
		{"10 of 20 are silent", 10, false, 10 * time.Second, 10 * attemptDelay, 0},
		{"10 of 20 refuse", 10, true, 10 * time.Second, 0, 0},
		{"10 of 20 are silent, in a second", 10, false, 2100 * time.Millisecond, time.Second, 0},
		{"10 of 20 are silent, without a limit", 10, false, time.Hour, 10 * attemptDelay, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := &fakeNet{accepts: make(map[netip.AddrPort]time.Duration), refuses: make(map[netip.AddrPort]bool)}
				for _, a := range addrs[:tt.silent] {
					n.refuses[a] = tt.refuse
				}
				for _, a := range addrs[tt.silent:] {
					n.accepts[a] = 0
				}
				failed := new(failedAddrs)
				for _, want := range []time.Duration{tt.first, tt.second} {
					ctx, cancel := context.WithTimeout(t.Context(), tt.within)
					began := time.Now()
					r := race[net.Conn]{failed: failed, targets: failed.order("a.test", addrs, began), connect: n.connect}
					c, err := r.run(ctx)
					cancel()
					if err != nil {
						t.Fatal(err)
					}
					if took := time.Since(began); took != want {
						t.Errorf("it took %s, want %s", took, want)
					}
					_ = c.Close()
				}
				if want := tt.silent + 2; len(n.attempts) != want {
					t.Errorf("%d attempts, want %d", len(n.attempts), want)
				}
			})
		})
	}
}

// TestRaceIsLost: where no address accepts, the error is that of the first; all are tried, and the next dial begins
// with the one that has failed longest ago.
func TestRaceIsLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		addrs, failed := fakeAddrs(3), new(failedAddrs)
		n := &fakeNet{refuses: map[netip.AddrPort]bool{addrs[0]: true, addrs[1]: true, addrs[2]: true}}
		r := race[net.Conn]{failed: failed, targets: addrs, connect: n.connect}
		if _, err := r.run(t.Context()); !errors.Is(err, errRefused) || len(n.attempts) != 3 {
			t.Errorf("%v after %d attempts", err, len(n.attempts))
		}
		n.refuses = nil
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		r = race[net.Conn]{failed: failed, targets: addrs, connect: n.connect}
		if _, err := r.run(ctx); !errors.Is(err, context.DeadlineExceeded) || len(n.attempts) != 6 {
			t.Errorf("%v after %d attempts", err, len(n.attempts))
		}
	})
}

// TestRaceClosesFurther: of two connections that are made at once, one is closed.
func TestRaceClosesFurther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		addrs, closed := fakeAddrs(2), 0
		r := race[net.Conn]{failed: new(failedAddrs), targets: addrs}
		r.connect = func(context.Context, netip.AddrPort) (net.Conn, error) {
			time.Sleep(time.Second)
			return closeCounter{closed: &closed}, nil
		}
		c, err := r.run(t.Context())
		if err != nil || c == nil || closed != 1 {
			t.Errorf("%v, %d closed", err, closed)
		}
	})
}

type closeCounter struct {
	net.Conn
	closed *int
}

func (c closeCounter) Close() error { *c.closed++; return nil }

// TestOrderOfAddrs: what failed lately goes last, the longest ago first; a family that failed after it was connected
// to, behind the other.
func TestOrderOfAddrs(t *testing.T) {
	parse := func(texts ...string) (addrs []netip.AddrPort) {
		for _, text := range texts {
			addrs = append(addrs, netip.AddrPortFrom(netip.MustParseAddr(text), 443))
		}
		return addrs
	}
	const a, b, c, x, y = "192.0.2.1", "192.0.2.2", "192.0.2.3", "2001:db8::1", "2001:db8::2"
	now := time.Unix(1e9, 0)
	for _, tt := range []struct {
		name           string
		failed, conned []string // one a second, up to now
		host           string   // empty is the one that failed
		of, want       []string
		after          time.Duration
	}{
		{name: "none", of: []string{a, b}, want: []string{a, b}},
		{name: "the first", failed: []string{a}, of: []string{a, b, c}, want: []string{b, c, a}},
		{name: "two", failed: []string{b, a}, of: []string{a, b, c}, want: []string{c, b, a}},
		{name: "all", failed: []string{c, a, b}, of: []string{a, b, c}, want: []string{c, a, b}},
		{name: "long ago", failed: []string{a}, of: []string{a, b}, want: []string{a, b}, after: restFor},
		{name: "a family", conned: []string{x}, of: []string{x, y, a}, want: []string{a, y, x}},
		{name: "then the other", conned: []string{x, a}, of: []string{x, a, y}, want: []string{y, x, a}},
		{name: "of one family", conned: []string{a}, of: []string{a, b}, want: []string{b, a}},
		{name: "of another host", host: "b.test", conned: []string{x}, of: []string{x, y, a}, want: []string{y, a, x}},
	} {
		f := new(failedAddrs)
		for i, to := range parse(tt.failed...) {
			f.addAddr(to, now.Add(time.Duration(i-len(tt.failed))*time.Second))
		}
		for i, to := range parse(tt.conned...) {
			f.addConnected("a.test", to, now.Add(time.Duration(i-len(tt.conned))*time.Second))
		}
		got := f.order(cmp.Or(tt.host, "a.test"), parse(tt.of...), now.Add(tt.after))
		if !slices.Equal(got, parse(tt.want...)) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

// TestFailedAddrsAreBounded: what failed is forgotten once it is too much.
func TestFailedAddrsAreBounded(t *testing.T) {
	f := new(failedAddrs)
	now := time.Now()
	for i := range 2 * maxFailed {
		f.addConnected(fmt.Sprint(i), netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i)}), 1), now)
	}
	if len(f.addrs) > maxFailed || len(f.families) > maxFailed {
		t.Errorf("%d addresses, %d families", len(f.addrs), len(f.families))
	}
}

// TestInterleave: the families take turns, that of the first address first.
func TestInterleave(t *testing.T) {
	for of, want := range map[string]string{
		"1": "1", "112": "112", "1111::": "1::111", "::::1": "::1::", "11::": "1::1", "1::::11": "1::1::1",
	} {
		parse := func(text string) (addrs []netip.Addr) {
			for ; text != ""; text = text[1:] {
				if text[0] == ':' {
					text = text[1:]
					addrs = append(addrs, netip.MustParseAddr("2001:db8::1"))
				} else {
					addrs = append(addrs, netip.MustParseAddr("192.0.2."+text[:1]))
				}
			}
			return addrs
		}
		if got := interleave(parse(of)); !slices.Equal(got, parse(want)) {
			t.Errorf("%s: %v", of, got)
		}
	}
}
