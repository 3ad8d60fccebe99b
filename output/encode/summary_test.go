package encode

import (
	"encoding/json"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

func fullSummary() *fetch.Summary {
	return &fetch.Summary{
		Complete: false, Stopped: fetch.StopFailures,
		Total: 12, Succeeded: 7, Failed: 3, Skipped: 1, NotStarted: 1, Exchanges: 15, Retries: 2, Bytes: 6846,
		WireBytes:    4001,
		Elapsed:      812 * time.Millisecond,
		ByKind:       map[failure.Kind]int64{failure.BadStatus: 1, failure.DNS: 2},
		ByStatus:     map[int]int64{200: 7, 404: 1},
		FailedByHost: map[string]int64{"https://example.com": 1, "other": 2},
		Latency: fetch.Latency{Count: 15, P50: 20100 * time.Microsecond, P90: 31 * time.Millisecond,
			P99: 31400 * time.Microsecond, Max: 31400 * time.Microsecond},
		LimitedBy: fetch.LimitHostConcurrency,
	}
}

func TestSummaryLine(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	line := AppendSummary(nil, fullSummary(), 4)
	checkGolden(t, "summary", line)
	encodetest.Members(t, schema, line)
}

// The summary of a run with a cache counts what came from it.
func TestSummaryOfACache(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	s := fullSummary()
	s.Unchanged, s.LimitedBy = 3, fetch.LimitCache
	s.ByCache = map[fetch.Cached]int64{fetch.CacheHit: 4, fetch.CacheRevalidated: 1, fetch.CacheMiss: 1,
		fetch.CacheStale: 1}
	line := AppendSummary(nil, s, 0)
	checkGolden(t, "summary-cache", line)
	encodetest.Members(t, schema, line)
}

// The summary of a run with pages, with answers that were not polled and with look-ups counts them.
func TestSummaryOfPages(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	s := fullSummary()
	s.Pages, s.MorePages, s.Unpolled = 9, 2, 3
	s.Lookups, s.LookupsFromMemory = 5, 4
	s.ConnectionsMade, s.ConnectionsReused = 3, 7
	object := encodetest.Members(t, schema, AppendSummary(nil, s, 0))
	if object["connections_made"] != json.Number("3") || object["connections_reused"] != json.Number("7") {
		t.Errorf("connections made %v, reused %v", object["connections_made"], object["connections_reused"])
	}
	if object["lookups"] != json.Number("5") || object["lookups_from_memory"] != json.Number("4") {
		t.Errorf("lookups %v, from memory %v", object["lookups"], object["lookups_from_memory"])
	}
	if object["pages"] != json.Number("9") || object["more_pages"] != json.Number("2") ||
		object["unpolled"] != json.Number("3") {
		t.Errorf("pages %v, more_pages %v, unpolled %v", object["pages"], object["more_pages"], object["unpolled"])
	}
}

// Latency and limit are left out in the summary of a run without requests.
func TestSummaryOfAnEmptyInput(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	line := AppendSummary(nil, &fetch.Summary{Complete: true}, 0)
	checkGolden(t, "summary-empty", line)
	object := encodetest.Members(t, schema, line)
	for _, name := range []string{"latency_ms", "limited_by", "stopped_by"} {
		if _, there := object[name]; there {
			t.Errorf("%s is there: %s", name, line)
		}
	}
}

// Every reason to stop and every limit of the code satisfies the schema.
func TestSummaryWords(t *testing.T) {
	schema := encodetest.CompileSchema(t, Schema())
	for _, stop := range []fetch.Stop{fetch.StopNone, fetch.StopFailures, fetch.StopDeadline, fetch.StopDrain,
		fetch.StopCanceled, fetch.StopOutput, fetch.StopLimits, fetch.StopInput} {
		for _, limit := range []fetch.Limit{"", fetch.LimitConcurrency, fetch.LimitHostConcurrency, fetch.LimitRate,
			fetch.LimitHostRate,
			fetch.LimitBandwidth, fetch.LimitPausedHosts, fetch.LimitNetwork, fetch.LimitInput, fetch.LimitOutput,
			fetch.LimitDNS, fetch.LimitCache} {
			object := encodetest.Members(t, schema, AppendSummary(nil,
				&fetch.Summary{Stopped: stop, LimitedBy: limit}, 1))
			if got, _ := object["stopped_by"].(string); got != string(stop) {
				t.Errorf("stopped_by is %q, want %q", got, stop)
			}
			if got, _ := object["limited_by"].(string); got != string(limit) {
				t.Errorf("limited_by is %q, want %q", got, limit)
			}
		}
	}
	byKind := make(map[failure.Kind]int64)
	for i, kind := range failure.Kinds() {
		byKind[kind] = int64(i + 1)
	}
	object := encodetest.Members(t, schema, AppendSummary(nil, &fetch.Summary{ByKind: byKind}, 3))
	for kind, n := range byKind {
		if got := object["by_kind"].(map[string]any)[string(kind)]; got != json.Number(itoa(n)) {
			t.Errorf("by_kind %s is %v, want %d", kind, got, n)
		}
	}
}
