package encode

import (
	"strconv"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
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
	dst = appendCount(dst, "connections_made", s.ConnectionsMade)
	dst = appendCount(dst, "connections_reused", s.ConnectionsReused)
	dst = appendCount(dst, "lookups", s.Lookups)
	dst = appendCount(dst, "lookups_from_memory", s.LookupsFromMemory)
	dst = appendCount(dst, "pages", s.Pages)
	dst = appendCount(dst, "more_pages", s.MorePages)
	dst = appendCount(dst, "unpolled", s.Unpolled)
	if s.ByCache != nil {
		dst = strconv.AppendInt(appendName(dst, "unchanged"), s.Unchanged, 10)
		dst = appendCounts(appendName(dst, "by_cache"), s.ByCache, func(c fetch.Cached) string { return string(c) })
	}
	dst = appendMillis(appendName(dst, "elapsed_ms"), s.Elapsed)
	dst = appendCounts(appendName(dst, "by_kind"), s.ByKind, func(k failure.Kind) string { return string(k) })
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
