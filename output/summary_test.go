package output

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
)

func fullSummary() *fetch.Summary {
	return &fetch.Summary{
		Complete: false, Stopped: fetch.StopFailures,
		Total: 12, Succeeded: 7, Failed: 3, Skipped: 1, NotStarted: 1, Exchanges: 15, Retries: 2, Bytes: 6846, WireBytes: 4001,
		Elapsed:      812 * time.Millisecond,
		ByKind:       map[fetch.Kind]int64{fetch.BadStatus: 1, fetch.DNS: 2},
		ByStatus:     map[int]int64{200: 7, 404: 1},
		FailedByHost: map[string]int64{"https://example.com": 1, "other": 2},
		Latency:      fetch.Latency{Count: 15, P50: 20100 * time.Microsecond, P90: 31 * time.Millisecond, P99: 31400 * time.Microsecond, Max: 31400 * time.Microsecond},
		LimitedBy:    fetch.LimitHostConcurrency,
	}
}

func TestSummaryLine(t *testing.T) {
	schema := compileSchema(t)
	line := AppendSummary(nil, fullSummary(), 4)
	checkGolden(t, "summary", line)
	members(t, schema, line)
}

// A run with a cache says what it was good for.
func TestSummaryOfACache(t *testing.T) {
	schema := compileSchema(t)
	s := fullSummary()
	s.Unchanged, s.LimitedBy = 3, fetch.LimitCache
	s.ByCache = map[fetch.Cached]int64{fetch.CacheHit: 4, fetch.CacheRevalidated: 1, fetch.CacheMiss: 1, fetch.CacheStale: 1}
	line := AppendSummary(nil, s, 0)
	checkGolden(t, "summary-cache", line)
	members(t, schema, line)
}

// A run of nothing knows no latency and no limit: they are absent, not 0 and "".
func TestSummaryOfAnEmptyInput(t *testing.T) {
	schema := compileSchema(t)
	line := AppendSummary(nil, &fetch.Summary{Complete: true}, 0)
	checkGolden(t, "summary-empty", line)
	object := members(t, schema, line)
	for _, name := range []string{"latency_ms", "limited_by", "stopped_by"} {
		if _, there := object[name]; there {
			t.Errorf("%s is there: %s", name, line)
		}
	}
}

// Every reason to stop and every limit of the code passes the schema.
func TestSummaryWords(t *testing.T) {
	schema := compileSchema(t)
	for _, stop := range []fetch.Stop{fetch.StopNone, fetch.StopFailures, fetch.StopDeadline, fetch.StopDrain, fetch.StopCanceled, fetch.StopOutput, fetch.StopInput} {
		for _, limit := range []fetch.Limit{"", fetch.LimitConcurrency, fetch.LimitHostConcurrency, fetch.LimitRate, fetch.LimitHostRate,
			fetch.LimitBandwidth, fetch.LimitPausedHosts, fetch.LimitNetwork, fetch.LimitInput, fetch.LimitOutput, fetch.LimitCache} {
			object := members(t, schema, AppendSummary(nil, &fetch.Summary{Stopped: stop, LimitedBy: limit}, 1))
			if got, _ := object["stopped_by"].(string); got != string(stop) {
				t.Errorf("stopped_by is %q, want %q", got, stop)
			}
			if got, _ := object["limited_by"].(string); got != string(limit) {
				t.Errorf("limited_by is %q, want %q", got, limit)
			}
		}
	}
	byKind := make(map[fetch.Kind]int64)
	for i, kind := range fetch.Kinds() {
		byKind[kind] = int64(i + 1)
	}
	object := members(t, schema, AppendSummary(nil, &fetch.Summary{ByKind: byKind}, 3))
	for kind, n := range byKind {
		if got := object["by_kind"].(map[string]any)[string(kind)]; got != json.Number(itoa(n)) {
			t.Errorf("by_kind %s is %v, want %d", kind, got, n)
		}
	}
}

// Counts counts what passes: Records, failures, and the first example of each kind.
func TestCounts(t *testing.T) {
	inner := &lineSink{}
	counts := NewCounts(inner)
	put := func(kind fetch.Kind, url string) {
		r := failure(kind, "message of "+url)
		if kind == "" {
			r = success("text/plain", "x")
		}
		r.Request.URL = url
		if err := counts.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	put("", "http://good/")
	put(fetch.DNS, "http://ann:secret@first/")
	put(fetch.DNS, "http://second/")
	put(fetch.InvalidRequest, "")
	if done, failed := counts.Done.Load(), counts.Failed.Load(); done != 4 || failed != 3 {
		t.Errorf("done %d, failed %d; want 4, 3", done, failed)
	}
	if len(inner.lines) != 4 {
		t.Errorf("%d Records were passed on, want 4", len(inner.lines))
	}
	want := Example{URL: "http://***@first/", Message: "message of http://ann:secret@first/"}
	if got := counts.Examples[fetch.DNS]; got != want {
		t.Errorf("example is %+v, want %+v", got, want)
	}
	if err := counts.Flush(true); err != nil || len(inner.flushes) != 1 || !inner.flushes[0] {
		t.Errorf("flush: %v, %v", err, inner.flushes)
	}
}

// The window of a run has to hear of what an InOrder inside keeps back; other Sinks keep nothing, and are not to be asked.
func TestCountsShowsWhatIsInside(t *testing.T) {
	ordered := NewInOrder(&lineSink{})
	if inside := NewCounts(ordered).Unwrap(); inside != fetch.Sink(ordered) {
		t.Errorf("inside is %v", inside)
	}
	if _, holds := fetch.Sink(NewCounts(&lineSink{})).(fetch.Holder); holds {
		t.Error("it says that it keeps Records back")
	}
}

// What names a Record to a person is its URL, or the masked start of a line that has none.
func TestExampleOfALineWithoutURL(t *testing.T) {
	counts := NewCounts(&lineSink{})
	r := &fetch.Record{Input: []byte(`{"id":1,"headers":{"cookie ***`), Failure: &fetch.Failure{Kind: fetch.InvalidRequest, Err: errors.New("no url")}}
	if err := counts.Put(r); err != nil {
		t.Fatal(err)
	}
	if got := counts.Examples[fetch.InvalidRequest].URL; got != `{"id":1,"headers":{"cookie ***` {
		t.Errorf("the example is %q", got)
	}
}

// WritePlan writes a line per host, in order, and a last one that adds up.
func TestWritePlan(t *testing.T) {
	schema := compileSchema(t)
	var out strings.Builder
	err := WritePlan(&out, fetch.Hosts{Requests: map[string]int64{"https://b.example": 2, "http://a.example:8080": 1}, Total: 6, Skipped: 1, Invalid: 2})
	if err != nil {
		t.Fatal(err)
	}
	checkGolden(t, "plan", []byte(out.String()))
	for line := range strings.Lines(out.String()) {
		members(t, schema, []byte(line))
	}
}

func TestWritePlanTellsWhatIsWrongWithTheOutput(t *testing.T) {
	hosts := fetch.Hosts{Requests: map[string]int64{}}
	for i := range int64(1000) {
		hosts.Requests["https://"+itoa(i)+".example"] = 1
	}
	if err := WritePlan(brokenWriter{}, hosts); !errors.Is(err, errBroken) {
		t.Errorf("many hosts: %v", err)
	}
	if err := WritePlan(brokenWriter{}, fetch.Hosts{}); !errors.Is(err, errBroken) {
		t.Errorf("no host: %v", err)
	}
}
