package resolver

import (
	"net/netip"
	"slices"
	"time"
)

// minTTL and maxTTL bound how long an answer is kept by its own TTL: a batch asks once where a TTL is 0, and follows a
// name to another address within a minute, as curl does.
const minTTL, maxTTL = 5 * time.Second, time.Minute

// goneTTL is how long it is kept that a name has no address. It is shorter than the negative TTL of zones (RFC 2308),
// so that a retry asks again.
const goneTTL = time.Second

// lastGoodFor is how long the addresses of a name may be used on while its servers fail (RFC 8767), lastGoodTTL how
// long until it is asked for again then.
const lastGoodFor, lastGoodTTL = time.Hour, 10 * time.Second

// maxNames bounds the names in a cache; they take some 200 bytes each.
const maxNames = 16384

// A cache keeps the answers by name. Its zero value, with the ttl that Config.TTL says, is empty. Time is an argument;
// Resolver.mu guards it.
type cache struct {
	ttl     time.Duration
	entries map[string]*cacheEntry
}

// A cacheEntry is what is known of a name.
type cacheEntry struct {
	addrs    []netip.Addr // never written to; nil where gone
	gone     bool         // the name has no address
	until    time.Time    // fresh before that
	answered time.Time    // when a server said so
}

// A found is what a cache has for a name: an answer, addresses that may be used where servers fail, or nothing.
type found struct {
	addrs   []netip.Addr
	gone    bool
	isFresh bool // it can be used without a look-up
}

func (c *cache) get(key string, now time.Time) found {
	e := c.entries[key]
	switch {
	case e == nil:
		return found{}
	case now.Before(e.until):
		return found{e.addrs, e.gone, true}
	case now.Sub(e.answered) < lastGoodFor:
		return found{addrs: e.addrs}
	}
	return found{}
}

// put keeps the addresses of a name, for the TTL that they came with.
func (c *cache) put(key string, addrs []netip.Addr, ttl time.Duration, now time.Time) {
	if c.ttl >= 0 {
		ttl = c.ttl
	}
	c.set(key, &cacheEntry{addrs: addrs, until: now.Add(ttl), answered: now})
}

// putGone keeps that a name has no address.
func (c *cache) putGone(key string, now time.Time) {
	ttl := goneTTL
	if c.ttl >= 0 {
		ttl = min(ttl, c.ttl)
	}
	c.set(key, &cacheEntry{gone: true, until: now.Add(ttl), answered: now})
}

// extend makes the last addresses of a name fresh for a while, as its servers fail.
func (c *cache) extend(key string, now time.Time) {
	e := c.entries[key]
	if e == nil || e.gone || now.Before(e.until) {
		return
	}
	ttl := lastGoodTTL
	if c.ttl >= 0 {
		ttl = min(ttl, c.ttl)
	}
	e.until = now.Add(ttl)
}

// add adds addresses to those of a name.
func (c *cache) add(key string, addrs []netip.Addr) {
	e := c.entries[key]
	if e == nil || e.gone {
		return
	}
	all := slices.Clone(e.addrs)
	for _, a := range addrs {
		if !slices.Contains(all, a) {
			all = append(all, a)
		}
	}
	e.addrs = all
}

// set keeps an entry. In a full cache it takes the place of the one of a few that was answered first.
func (c *cache) set(key string, e *cacheEntry) {
	if c.entries == nil {
		c.entries = make(map[string]*cacheEntry)
	}
	if _, known := c.entries[key]; !known && len(c.entries) >= maxNames {
		const candidates = 8 // of a map, which yields them in random order
		oldest, seen := "", 0
		for name, other := range c.entries {
			if seen == 0 || other.answered.Before(c.entries[oldest].answered) {
				oldest = name
			}
			if seen++; seen == candidates {
				break
			}
		}
		delete(c.entries, oldest)
	}
	c.entries[key] = e
}
