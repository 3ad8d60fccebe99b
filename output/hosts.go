package output

import (
	"cmp"
	"maps"
	"slices"

	"batchfetch/fetch"
	"batchfetch/fetch/httpurl"
)

// A HostCount is what was counted of the Records of one host.
type HostCount struct {
	Origin            string
	Succeeded, Failed int64
	Bytes             int64 // of the decoded bodies of successes
}

// Requests returns the number of Records.
func (h *HostCount) Requests() int64 { return h.Succeeded + h.Failed }

func (h *HostCount) add(of *HostCount) {
	h.Succeeded += of.Succeeded
	h.Failed += of.Failed
	h.Bytes += of.Bytes
}

// maxHostCounts is how many hosts are told apart while they are counted.
const maxHostCounts = 10_000

// Hosts is a fetch.Sink that counts the Records that it passes on by the origin of the URL that was asked for, in
// bounded memory: with one host more than maxHostCounts, those with the fewest requests are summed until half are left.
type Hosts struct {
	fetch.Sink
	byOrigin map[string]*HostCount
	others   HostCount
}

// NewHosts returns Hosts around sink.
func NewHosts(sink fetch.Sink) *Hosts {
	return &Hosts{Sink: sink, byOrigin: make(map[string]*HostCount)}
}

// Unwrap returns the inner Sink, which may be a fetch.Holder.
func (h *Hosts) Unwrap() fetch.Sink { return h.Sink }

// Put counts the Record and passes it on.
func (h *Hosts) Put(r *fetch.Record) error {
	one := HostCount{Succeeded: 1, Bytes: r.Bytes}
	if r.Failure != nil {
		one = HostCount{Failed: 1}
	}
	h.of(OriginOf(r)).add(&one)
	return h.Sink.Put(r)
}

// of returns the count of an origin.
func (h *Hosts) of(origin string) *HostCount {
	count := h.byOrigin[origin]
	if count == nil {
		if len(h.byOrigin) >= maxHostCounts {
			for _, least := range h.sorted()[maxHostCounts/2:] {
				h.others.add(least)
				delete(h.byOrigin, least.Origin)
			}
		}
		count = &HostCount{Origin: origin}
		h.byOrigin[origin] = count
	}
	return count
}

func (h *Hosts) sorted() []*HostCount {
	return slices.SortedFunc(maps.Values(h.byOrigin), func(a, b *HostCount) int {
		return cmp.Or(cmp.Compare(b.Requests(), a.Requests()), cmp.Compare(b.Failed, a.Failed),
			cmp.Compare(a.Origin, b.Origin))
	})
}

// Top returns the hosts with the most requests, most first, at most n, and the sum of all others, whose Origin is
// empty. A Record without a usable URL counts for the host "".
func (h *Hosts) Top(n int) (top []*HostCount, others HostCount) {
	sorted, others := h.sorted(), h.others
	n = min(n, len(sorted))
	for _, count := range sorted[n:] {
		others.add(count)
	}
	return sorted[:n], others
}

// maxHostLength is the longest name that DNS can have, with a port, in bytes.
const maxHostLength = 253 + len(":65535")

// OriginOf returns the origin of the URL that a Record is of, such as https://example.com; empty where it has none.
func OriginOf(r *fetch.Record) string {
	u, err := httpurl.Parse(r.Request.URL)
	if err != nil || len(u.Host) > maxHostLength {
		return ""
	}
	return httpurl.Origin(u)
}
