package report

import (
	"cmp"
	"maps"
	"slices"

	"batchfetch/fetch/httpurl"
)

const (
	// shownHosts is how many hosts a page has rows for; the others are summed.
	shownHosts = 1000
	// maxHosts is how many hosts are told apart while they are counted: with one more, those with the fewest requests are
	// summed until half of them are left.
	maxHosts = 20_000
	// maxOrigin is how many bytes an origin may have, with what stands before @.
	maxOrigin = 400
)

// A hostCount is what is counted of one host, or of several that are summed.
type hostCount struct {
	origin string

	requests, failed int64 // Records
	exchanges        int64
	refused          int64 // exchanges that the host refused, or Records of such
	first, last      int64 // when the first began and the last ended, in microseconds since 1970; 0 is not known
	pausedUntil      int64
	held             [limitCount]int64 // microseconds in which its limit kept the next request of the run from starting
}

// rate returns requests per second from the first to the last, without the microseconds idle between runs; 0 is not
// known.
func (h *hostCount) rate(idle int64) float64 {
	n := max(h.exchanges, h.requests)
	busy := h.last - h.first - idle
	if n < 2 || busy < 1000 {
		return 0
	}
	return float64(n) / (float64(busy) / 1e6)
}

// add adds what was counted of another host.
func (h *hostCount) add(of *hostCount) {
	h.requests += of.requests
	h.failed += of.failed
	h.exchanges += of.exchanges
	h.refused += of.refused
	if of.first > 0 && (h.first == 0 || of.first < h.first) {
		h.first = of.first
	}
	h.last = max(h.last, of.last)
	for i := range h.held {
		h.held[i] += of.held[i]
	}
}

// extend notes that something of the host took place between two times.
func (h *hostCount) extend(begin, end int64) {
	if h.first == 0 || begin < h.first {
		h.first = begin
	}
	h.last = max(h.last, end)
}

// hosts counts by host, in bounded memory.
type hosts struct {
	byOrigin map[string]*hostCount
	byStart  map[string]*hostCount // by the start of URLs, as they were given: scheme and authority
	others   hostCount             // of those that are not told apart
	summed   int64                 // how many were moved to others: one that comes again is counted again
}

func newHosts() hosts {
	return hosts{byOrigin: make(map[string]*hostCount), byStart: make(map[string]*hostCount)}
}

// ofURL returns the count of a URL's host; nil for a text that is none.
func (h *hosts) ofURL(text string) *hostCount {
	_, end := httpurl.Authority(text)
	if end == 0 || end > maxOrigin {
		return nil
	}
	if known := h.byStart[text[:end]]; known != nil {
		return known
	}
	u, err := httpurl.Parse(text[:end])
	if err != nil {
		return nil
	}
	count := h.of(httpurl.Origin(u))
	if len(h.byStart) >= 2*maxHosts {
		clear(h.byStart)
	}
	h.byStart[text[:end]] = count
	return count
}

// of returns the count of an origin.
func (h *hosts) of(origin string) *hostCount {
	count := h.byOrigin[origin]
	if count == nil {
		if len(h.byOrigin) >= maxHosts {
			h.sumSmallest(maxHosts / 2)
		}
		count = &hostCount{origin: origin}
		h.byOrigin[origin] = count
	}
	return count
}

// sumSmallest adds all but the most first hosts to the others.
func (h *hosts) sumSmallest(most int) {
	sorted := h.sorted()
	for _, count := range sorted[min(most, len(sorted)):] {
		h.others.add(count)
		h.summed++
		delete(h.byOrigin, count.origin)
	}
	clear(h.byStart)
}

// sorted returns the hosts that are told apart: those with the most requests first, of equal ones those with the most
// failures.
func (h *hosts) sorted() []*hostCount {
	return slices.SortedFunc(maps.Values(h.byOrigin), func(a, b *hostCount) int {
		return cmp.Or(cmp.Compare(max(b.requests, b.exchanges), max(a.requests, a.exchanges)),
			cmp.Compare(b.failed, a.failed), cmp.Compare(b.refused, a.refused), cmp.Compare(a.origin, b.origin))
	})
}

// merge adds the hosts of another count.
func (h *hosts) merge(of *hosts) {
	for origin, count := range of.byOrigin {
		h.of(origin).add(count)
	}
	h.others.add(&of.others)
	h.summed += of.summed
}
