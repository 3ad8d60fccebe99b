package output

import (
	"cmp"
	"slices"
	"strconv"
	"sync/atomic"

	"batchfetch/fetch"
)

// AppendSummary appends the summary Record as one line of JSON.
func AppendSummary(dst []byte, s *fetch.Summary, exitCode int) []byte {
	dst = strconv.AppendBool(append(dst, `{"type":"summary","complete":`...), s.Complete)
	for _, count := range [...]struct {
		name  string
		value int64
	}{
		{"total", s.Total}, {"succeeded", s.Succeeded}, {"failed", s.Failed}, {"skipped", s.Skipped},
		{"not_started", s.NotStarted}, {"exchanges", s.Exchanges}, {"retries", s.Retries},
		{"bytes", s.Bytes}, {"wire_bytes", s.WireBytes},
	} {
		dst = strconv.AppendInt(appendName(dst, count.name), count.value, 10)
	}
	if s.ByCache != nil {
		dst = strconv.AppendInt(appendName(dst, "unchanged"), s.Unchanged, 10)
		dst = appendCounts(appendName(dst, "by_cache"), s.ByCache, func(c fetch.Cached) string { return string(c) })
	}
	dst = appendMillis(appendName(dst, "elapsed_ms"), s.Elapsed)
	dst = appendCounts(appendName(dst, "by_kind"), s.ByKind, func(k fetch.Kind) string { return string(k) })
	dst = appendCounts(appendName(dst, "by_status"), s.ByStatus, strconv.Itoa)
	dst = append(appendName(dst, "by_host"), '{')
	for i, host := range sortedKeys(s.FailedByHost) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, host), `:{"failed":`...)
		dst = append(strconv.AppendInt(dst, s.FailedByHost[host], 10), '}')
	}
	dst = append(dst, '}')
	if s.Latency.Count > 0 {
		dst = appendMillis(append(dst, `,"latency_ms":{"p50":`...), s.Latency.P50)
		dst = appendMillis(append(dst, `,"p90":`...), s.Latency.P90)
		dst = appendMillis(append(dst, `,"p99":`...), s.Latency.P99)
		dst = append(appendMillis(append(dst, `,"max":`...), s.Latency.Max), '}')
	}
	dst = appendOptional(dst, "limited_by", string(s.LimitedBy))
	dst = appendOptional(dst, "limited_host", s.LimitedHost)
	dst = appendOptional(dst, "stopped_by", string(s.Stopped))
	dst = strconv.AppendInt(appendName(dst, "exit_code"), int64(exitCode), 10)
	return append(dst, '}', '\n')
}

func appendCounts[K cmp.Ordered](dst []byte, counts map[K]int64, name func(K) string) []byte {
	dst = append(dst, '{')
	for i, key := range sortedKeys(counts) {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, name(key)), ':')
		dst = strconv.AppendInt(dst, counts[key], 10)
	}
	return append(dst, '}')
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// An Example is one failure that stands for its kind.
type Example struct {
	URL, Message string
	Status       int // 0 where no answer came
}

// Counts is a Sink that counts what passes to the one it holds, for whoever watches the run,
// and keeps an example of each kind of failure.
type Counts struct {
	fetch.Sink
	// Done and Failed may be read at any time.
	Done, Failed atomic.Int64
	// Examples holds the first failure of each kind. It may be read once the run is over.
	Examples map[fetch.Kind]Example
}

// NewCounts returns a Counts around sink.
func NewCounts(sink fetch.Sink) *Counts {
	return &Counts{Sink: sink, Examples: make(map[fetch.Kind]Example)}
}

// Put counts the Record and passes it on.
func (c *Counts) Put(r *fetch.Record) error {
	c.Done.Add(1)
	if f := r.Failure; f != nil {
		c.Failed.Add(1)
		if _, known := c.Examples[f.Kind]; !known {
			c.Examples[f.Kind] = Example{URL: shownURL(r), Message: f.Error(), Status: r.Status}
		}
	}
	return c.Sink.Put(r)
}

// Unwrap returns the Sink inside: it may be a fetch.Holder.
func (c *Counts) Unwrap() fetch.Sink { return c.Sink }

// shownURL is what names a Record to a person: its URL, or the start of a line that has none.
func shownURL(r *fetch.Record) string {
	if r.Request.URL != "" {
		return fetch.MaskURL(r.Request.URL)
	}
	return string(r.Input)
}
