package metrics

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

var now = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// run returns a Run with Records of these hosts, and a summary with something in every part.
func run(t testing.TB, hosts int) *Run {
	counted := output.NewHosts(output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone}))
	for i := range hosts {
		for range hosts - i {
			r := encodetest.Success("text/plain", "0123456789")
			r.Request.URL = fmt.Sprintf("https://h%d.test/a", i)
			encodetest.WriteRecord(t, counted, r)
		}
	}
	failed := encodetest.Failure(failure.DNS, "no address")
	failed.Request.URL = "https://h0.test/b"
	encodetest.WriteRecord(t, counted, failed)
	unusable := encodetest.Failure(failure.InvalidRequest, "no URL")
	unusable.Request.URL = "://\n"
	encodetest.WriteRecord(t, counted, unusable)
	return &Run{
		Name: "nightly", Ended: now, ExitCode: 3, Hosts: counted,
		Summary: &fetch.Summary{
			Complete: true, Total: 10, Succeeded: 7, Failed: 2, Skipped: 1, Exchanges: 12, Retries: 3, Bytes: 1000,
			WireBytes: 500, ConnectionsMade: 2, ConnectionsReused: 9, Elapsed: 1500 * time.Millisecond,
			ByKind: map[failure.Kind]int64{failure.DNS: 2}, ByStatus: map[int]int64{200: 7},
			ByCache:    map[fetch.Cached]int64{fetch.CacheHit: 4},
			LimitedFor: map[fetch.Limit]time.Duration{fetch.LimitRate: time.Second},
			Latency:    fetch.Latency{Count: 12, P50: 10 * time.Millisecond, P90: 20 * time.Millisecond, Max: time.Second},
		},
		Earlier: Earlier{Success: now.Add(-24 * time.Hour)},
	}
}

func write(t testing.TB, r *Run) string {
	t.Helper()
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

// TestWrite: every count of a run is a metric, the hosts with the most requests have their own.
func TestWrite(t *testing.T) {
	text := write(t, run(t, 30))
	for _, want := range []string{
		`batchfetch_last_success_timestamp_seconds{run="nightly"} 1.767236645e+09`,
		`batchfetch_last_complete_timestamp_seconds{run="nightly"} 1.767323045e+09`,
		`batchfetch_last_run_timestamp_seconds{run="nightly"} 1.767323045e+09`,
		`batchfetch_exit_code{run="nightly"} 3`,
		`batchfetch_complete{run="nightly"} 1`,
		`batchfetch_duration_seconds{run="nightly"} 1.5`,
		`batchfetch_exchanges{run="nightly"} 12`,
		`batchfetch_retries{run="nightly"} 3`,
		`batchfetch_body_bytes{run="nightly"} 1000`,
		`batchfetch_received_bytes{run="nightly"} 500`,
		`batchfetch_connections_opened{run="nightly"} 2`,
		`batchfetch_connections_reused{run="nightly"} 9`,
		`batchfetch_requests{result="failed",run="nightly"} 2`,
		`batchfetch_requests{result="not_started",run="nightly"} 0`,
		`batchfetch_requests{result="skipped",run="nightly"} 1`,
		`batchfetch_requests{result="succeeded",run="nightly"} 7`,
		`batchfetch_failures{kind="dns",run="nightly"} 2`,
		`batchfetch_responses{status="200",run="nightly"} 7`,
		`batchfetch_cache_responses{cache="hit",run="nightly"} 4`,
		`batchfetch_limited_seconds{by="rate",run="nightly"} 1`,
		`batchfetch_exchange_seconds{percentile="50",run="nightly"} 0.01`,
		`batchfetch_exchange_seconds{percentile="100",run="nightly"} 1`,
		`batchfetch_host_requests{host="https://h0.test",result="succeeded",run="nightly"} 30`,
		`batchfetch_host_requests{host="https://h0.test",result="failed",run="nightly"} 1`,
		`batchfetch_host_requests{host="https://h19.test",result="succeeded",run="nightly"} 11`,
		`batchfetch_host_requests{host="other",result="succeeded",run="nightly"} 55`,
		`batchfetch_host_requests{host="other",result="failed",run="nightly"} 1`,
		`batchfetch_host_body_bytes{host="https://h0.test",run="nightly"} 300`,
		`# TYPE batchfetch_host_requests gauge`,
	} {
		if !strings.Contains(text, want+"\n") {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(text, "h20.test") {
		t.Error("a host beyond the first has metrics of its own")
	}
	if t.Failed() {
		t.Log(text)
	}
}

// TestLastSuccess: a run that failed leaves the time of the last one that did not; one that never was has none.
func TestLastSuccess(t *testing.T) {
	r := run(t, 1)
	r.ExitCode = 0
	first := ReadEarlier(strings.NewReader(write(t, r)), now)
	if want := (Earlier{now, now}); !first.Success.Equal(want.Success) || !first.Complete.Equal(want.Complete) {
		t.Errorf("read %v, want %v", first, want)
	}
	r.ExitCode, r.Summary.Complete, r.Ended, r.Earlier = 4, false, now.Add(time.Hour), first
	if second := ReadEarlier(strings.NewReader(write(t, r)), r.Ended); second != first {
		t.Errorf("read %v, want %v", second, first)
	}
	r.Earlier = Earlier{}
	if text := write(t, r); strings.Contains(text, "last_success") || strings.Contains(text, "last_complete") {
		t.Errorf("a success that never was is in\n%s", text)
	}
	for _, text := range []string{
		"", "\x00", "batchfetch_last_success_timestamp_seconds NaN\n", "batchfetch_last_success_timestamp_seconds -1\n",
		"batchfetch_last_success_timestamp_seconds 1e300\n", "batchfetch_last_success_timestamp_seconds +Inf\n",
		lastSuccess + "{a=\"\n", lastSuccess + "{run=\"a\"} 5\n" + lastSuccess + "{run=\"b\"} 6\n",
		strings.Repeat("# a comment\n", 1<<17) + lastSuccess + " 5\n",
	} {
		if got := ReadEarlier(strings.NewReader(text), now); got != (Earlier{}) {
			t.Errorf("of %.60q %v is read", text, got)
		}
	}
}

// TestLabelsAreEscaped: whatever a name says, the file is read again, with that name cut to its bound.
func TestLabelsAreEscaped(t *testing.T) {
	for _, name := range []string{"a\"b\\c\nd} 1\nevil 2", "\xff\x00", "##[error]x", strings.Repeat("\u20ac", 5000), ""} {
		r := run(t, 2)
		r.Name = name
		text := write(t, r)
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(strings.NewReader(text))
		if err != nil {
			t.Fatalf("%.60q: %v\n%s", name, err, text)
		}
		if families["evil"] != nil {
			t.Errorf("%q adds a metric", name)
		}
		got := ""
		for _, label := range families["batchfetch_complete"].GetMetric()[0].GetLabel() {
			got += label.GetValue()
		}
		want := strings.ToValidUTF8(name[:min(len(name), maxValue)], "\uFFFD")
		if got != want {
			t.Errorf("%.60q is read as %.60q", name, got)
		}
	}
}

// TestBounded: a run of very many hosts keeps counts of few, whose sum is that of all.
func TestBounded(t *testing.T) {
	counted := output.NewHosts(output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone}))
	const hosts = 50_000
	for i := range hosts {
		r := encodetest.Success("text/plain", "")
		r.Request.URL = fmt.Sprintf("https://h%d.test/", i)
		encodetest.WriteRecord(t, counted, r)
		if i%10 == 0 {
			r = encodetest.Success("text/plain", "")
			r.Request.URL = "https://often.test/"
			encodetest.WriteRecord(t, counted, r)
		}
	}
	top, others := counted.Top(3)
	sum := others.Requests()
	for _, h := range top {
		sum += h.Requests()
	}
	if len(top) != 3 || top[0].Origin != "https://often.test" || top[0].Requests() != hosts/10 || sum != hosts+hosts/10 {
		t.Errorf("the first of %d is %+v, the sum %d", len(top), top[0], sum)
	}
}

// TestPromtool: Prometheus's own checker finds nothing wrong, where it is installed.
func TestPromtool(t *testing.T) {
	if _, err := exec.LookPath("promtool"); err != nil {
		t.Skip("no promtool")
	}
	empty := run(t, 0)
	empty.Summary = &fetch.Summary{ByKind: maps.Clone(empty.Summary.ByKind)}
	for _, r := range []*Run{run(t, 30), empty} {
		r.Name = "a\"b\\c\nd"
		check := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
		check.Stdin = strings.NewReader(write(t, r))
		if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%v: %s\n%s", err, out, write(t, r))
		}
	}
}

// TestBrokenOutput: an error of the file is returned.
func TestBrokenOutput(t *testing.T) {
	if err := run(t, 1).Write(encodetest.BrokenWriter{}); !errors.Is(err, encodetest.ErrBroken) {
		t.Errorf("got %v", err)
	}
}
