package dial

import (
	"cmp"
	"net"
	"net/netip"
	"slices"
	"sync"
	"time"
)

// restFor is how long an address, or a family of addresses, that failed is tried after the others.
const restFor = 30 * time.Second

// maxFailed bounds the addresses and families that are remembered.
const maxFailed = 4096

// failedAddrs is what has failed lately. Any goroutine may use it. Time is an argument.
type failedAddrs struct {
	mu       sync.Mutex // guards all below
	addrs    map[netip.AddrPort]time.Time
	families map[hostFamily]time.Time
}

// A hostFamily is the addresses of one family that a host has.
type hostFamily struct {
	host string
	is4  bool
}

// addAddr records that an address did not accept.
func (f *failedAddrs) addAddr(a netip.AddrPort, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addrs = remember(f.addrs, a, now)
}

// addConnected records that a connection to an address of a host was made, and failed before a response: what fails on
// the way there, such as large packets in a tunnel, fails for the other addresses of its family too.
func (f *failedAddrs) addConnected(host string, a netip.AddrPort, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addrs = remember(f.addrs, a, now)
	f.families = remember(f.families, hostFamily{host, a.Addr().Is4()}, now)
}

// remember adds a failure to those known; where they are too many it forgets the expired ones, or else all.
func remember[K comparable](known map[K]time.Time, key K, now time.Time) map[K]time.Time {
	if _, again := known[key]; !again && len(known) >= maxFailed {
		for key, at := range known {
			if now.Sub(at) >= restFor {
				delete(known, key)
			}
		}
	}
	if known == nil || len(known) >= maxFailed {
		known = make(map[K]time.Time)
	}
	known[key] = now
	return known
}

// order returns addresses of a host in the order in which to try them: as they are, but those that failed in the last
// restFor behind the others, the one that failed last at the end.
func (f *failedAddrs) order(host string, addrs []netip.AddrPort, now time.Time) []netip.AddrPort {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(addrs) < 2 || len(f.addrs) == 0 && len(f.families) == 0 {
		return addrs
	}
	// since returns a time to sort by: the zero time where nothing failed lately.
	since := func(at time.Time) time.Time {
		if now.Sub(at) >= restFor {
			return time.Time{}
		}
		return at
	}
	return slices.SortedStableFunc(slices.Values(addrs), func(a, b netip.AddrPort) int {
		byFamily := since(f.families[hostFamily{host, a.Addr().Is4()}]).
			Compare(since(f.families[hostFamily{host, b.Addr().Is4()}]))
		return cmp.Or(byFamily, since(f.addrs[a]).Compare(since(f.addrs[b])))
	})
}

// interleave returns addresses with the families in turns, that of the first one first (RFC 8305 section 4).
func interleave(addrs []netip.Addr) []netip.Addr {
	var first, other []netip.Addr
	for _, a := range addrs {
		if a.Is4() == addrs[0].Is4() {
			first = append(first, a)
		} else {
			other = append(other, a)
		}
	}
	if len(other) == 0 {
		return addrs
	}
	all := make([]netip.Addr, 0, len(addrs))
	for i := range max(len(first), len(other)) {
		if i < len(first) {
			all = append(all, first[i])
		}
		if i < len(other) {
			all = append(all, other[i])
		}
	}
	return all
}

// hostOf returns the host of host:port; any other text is returned as it is.
func hostOf(addr string) string {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return host
}
