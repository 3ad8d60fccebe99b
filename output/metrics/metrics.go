// Package metrics writes what a run did in the text format of Prometheus, for the textfile collector of node_exporter
// or a Pushgateway.
//
//	fetch.Summary, output.Hosts ──▸ Run.Write ──▸ families ──▸ text
//	the file of the run before ──▸ ReadEarlier ──┘
package metrics

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"batchfetch/fetch"
	"batchfetch/output"
)

// A Run is what the metrics of a run that has ended say. All are gauges: a run knows nothing of those before but when
// they ended.
type Run struct {
	// Name is the value of the label run, which tells files apart in one folder: the collector refuses one metric with
	// the same labels in two files.
	Name     string
	Ended    time.Time
	Summary  *fetch.Summary
	ExitCode int
	Hosts    *output.Hosts
	Earlier  Earlier
}

// TopHosts is how many hosts have metrics of their own: those with the most requests. The others are summed.
const TopHosts = 20

// maxValue is the longest value of a label, in bytes.
const maxValue = 300

const (
	lastSuccess  = "batchfetch_last_success_timestamp_seconds"
	lastComplete = "batchfetch_last_complete_timestamp_seconds"
)

// Write writes all metrics.
func (r *Run) Write(w io.Writer) error {
	text := bufio.NewWriter(w)
	for _, f := range r.families() {
		if len(f.metrics) > 0 {
			fmt.Fprintf(text, "# HELP %s %s\n# TYPE %s gauge\n", f.name, f.help, f.name)
		}
		for _, m := range f.metrics {
			metrics.WriteGaugeFloat64(text, f.name+"{"+m.labels+"}", m.value)
		}
	}
	return text.Flush()
}

// A family is the metrics of one name.
type family struct {
	name, help string
	metrics    []metric
}

// A metric is one value with its labels, as they are written.
type metric struct {
	labels string
	value  float64
}

func (r *Run) families() []*family {
	s := r.Summary
	complete := 0.0
	if s.Complete {
		complete = 1
	}
	families := []*family{
		r.one(lastSuccess, "When the last run ended that exited with 0.", r.lastSuccess()),
		r.one(lastComplete, "When the last run ended that was complete, whether or not requests failed.", r.lastComplete()),
		r.one("batchfetch_last_run_timestamp_seconds", "When this run ended.", seconds(r.Ended)),
		r.one("batchfetch_exit_code", "The exit code of this run.", float64(r.ExitCode)),
		r.one("batchfetch_complete", "Whether this run came to its end.", complete),
		r.one("batchfetch_duration_seconds", "How long this run took.", s.Elapsed.Seconds()),
		r.one("batchfetch_exchanges", "HTTP exchanges, redirects and retries included.", float64(s.Exchanges)),
		r.one("batchfetch_retries", "Exchanges that were retries.", float64(s.Retries)),
		r.one("batchfetch_body_bytes", "Decoded body bytes of successes.", float64(s.Bytes)),
		r.one("batchfetch_received_bytes", "Body bytes received, before decoding.", float64(s.WireBytes)),
		r.one("batchfetch_connections_opened", "Exchanges that were the first one of a connection.",
			float64(s.ConnectionsMade)),
		r.one("batchfetch_connections_reused", "Exchanges over a connection that was kept.", float64(s.ConnectionsReused)),
		r.counts("batchfetch_requests", "Requests of the input by what became of them.", "result", map[string]int64{
			"succeeded": s.Succeeded, "failed": s.Failed, "skipped": s.Skipped, "not_started": s.NotStarted}),
		r.counts("batchfetch_failures", "Failed requests by error.kind.", "kind", texts(s.ByKind)),
		r.counts("batchfetch_responses", "Final responses by status.", "status", statuses(s.ByStatus)),
		r.counts("batchfetch_cache_responses", "Successes by the part that the cache had.", "cache", texts(s.ByCache)),
		r.limited(), r.latency(),
	}
	return append(families, r.hosts()...)
}

func (r *Run) lastSuccess() float64 {
	if r.ExitCode == 0 {
		return seconds(r.Ended)
	}
	return seconds(r.Earlier.Success)
}

func (r *Run) lastComplete() float64 {
	if r.Summary.Complete {
		return seconds(r.Ended)
	}
	return seconds(r.Earlier.Complete)
}

// limited returns the family of how long each limit held.
func (r *Run) limited() *family {
	f := &family{name: "batchfetch_limited_seconds", help: "How long each limit was what held this run back."}
	for _, limit := range slices.Sorted(maps.Keys(r.Summary.LimitedFor)) {
		r.add(f, r.Summary.LimitedFor[limit].Seconds(), "by", string(limit))
	}
	return f
}

// latency returns the family of the percentiles of the time that exchanges took.
func (r *Run) latency() *family {
	f := &family{name: "batchfetch_exchange_seconds", help: "How long exchanges took: percentiles, 100 is the longest."}
	if l := r.Summary.Latency; l.Count > 0 {
		r.add(f, l.P50.Seconds(), "percentile", "50")
		r.add(f, l.P90.Seconds(), "percentile", "90")
		r.add(f, l.P99.Seconds(), "percentile", "99")
		r.add(f, l.Max.Seconds(), "percentile", "100")
	}
	return f
}

// hosts returns the families of the hosts with the most requests. The host other is all others.
func (r *Run) hosts() []*family {
	requests := &family{name: "batchfetch_host_requests",
		help: "Requests to the hosts with the most of them, by what became of them."}
	size := &family{name: "batchfetch_host_body_bytes", help: "Decoded body bytes of successes of these hosts."}
	top, others := r.Hosts.Top(TopHosts)
	if others.Requests() > 0 {
		others.Origin = "other"
		top = append(top, &others)
	}
	for _, h := range top {
		host := cmp.Or(h.Origin, "none") // unusable input lines
		r.add(requests, float64(h.Succeeded), "host", host, "result", "succeeded")
		r.add(requests, float64(h.Failed), "host", host, "result", "failed")
		r.add(size, float64(h.Bytes), "host", host)
	}
	return []*family{requests, size}
}

// one returns a family of one metric; of none where value is 0 and that is a time which is not known.
func (r *Run) one(name, help string, value float64) *family {
	f := &family{name: name, help: help}
	if value != 0 || !strings.HasSuffix(name, "_timestamp_seconds") {
		r.add(f, value)
	}
	return f
}

// counts returns a family with a metric for each value of a label.
func (r *Run) counts(name, help, label string, counts map[string]int64) *family {
	f := &family{name: name, help: help}
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		r.add(f, float64(counts[value]), label, value)
	}
	return f
}

// add adds a metric with these labels, names and values in turn, and the label run.
func (r *Run) add(f *family, value float64, labels ...string) {
	var text strings.Builder
	for i := 0; i < len(labels); i += 2 {
		text.WriteString(labels[i] + `="` + escaped(labels[i+1]) + `",`)
	}
	f.metrics = append(f.metrics, metric{text.String() + `run="` + escaped(r.Name) + `"`, value})
}

// escaper writes the value of a label (Prometheus, "Text-based format").
var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// escaped returns the value of a label as it is written. What is not UTF-8 in it becomes U+FFFD, since Prometheus
// refuses the whole file for it.
func escaped(value string) string {
	return escaper.Replace(strings.ToValidUTF8(value[:min(len(value), maxValue)], "\uFFFD"))
}

func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1000
}

func texts[K ~string](counts map[K]int64) map[string]int64 {
	byText := make(map[string]int64, len(counts))
	for key, n := range counts {
		byText[string(key)] = n
	}
	return byText
}

func statuses(counts map[int]int64) map[string]int64 {
	byText := make(map[string]int64, len(counts))
	for status, n := range counts {
		byText[strconv.Itoa(status)] = n
	}
	return byText
}

// Earlier is when runs before this one ended, as the file that is replaced says; zero is not known.
type Earlier struct{ Success, Complete time.Time }

// maxEarlier is how much of a file is read, in bytes.
const maxEarlier = 1 << 20

// ReadEarlier reads the file of a run before, which ended before now. What it does not say, or says of the time to
// come, is not known.
func ReadEarlier(from io.Reader, now time.Time) Earlier {
	text, err := io.ReadAll(io.LimitReader(from, maxEarlier))
	if err != nil {
		return Earlier{}
	}
	read := func(name string) time.Time {
		values := valuesOf(string(text), name)
		if len(values) != 1 || !(values[0] > 0 && values[0] <= seconds(now)) {
			return time.Time{}
		}
		return time.UnixMilli(int64(values[0] * 1000))
	}
	return Earlier{Success: read(lastSuccess), Complete: read(lastComplete)}
}

// valuesOf returns the values of the metrics with that name.
func valuesOf(text, name string) []float64 {
	var values []float64
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name)
		if !ok || !strings.HasPrefix(rest, " ") && !strings.HasPrefix(rest, "{") {
			continue
		}
		fields := strings.Fields(rest)
		if value, err := strconv.ParseFloat(fields[len(fields)-1], 64); err == nil {
			values = append(values, value)
		}
	}
	return values
}
