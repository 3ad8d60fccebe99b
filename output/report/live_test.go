package report

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
)

// begun is when the runs of examples begin.
var begun = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// exampleRun returns the Data of a run of two minutes, as it is told of one.
func exampleRun(t testing.TB) *Data {
	t.Helper()
	l := NewLive(fetch.SinkFunc(func(*fetch.Record) error { return nil }),
		&fetch.Options{HostConcurrency: 10, HostRate: 5})
	rng := rand.New(rand.NewPCG(1, 2))
	at := begun
	for i := range 6000 {
		host := fmt.Sprintf("https://h%d.test", i%50)
		took := time.Duration(rng.ExpFloat64() * float64(80*time.Millisecond))
		r := &fetch.Record{Request: fetch.Request{URL: host + fmt.Sprintf("/%d", i)}, Status: 200, Attempts: 1 + i%3/2,
			Bytes: int64(rng.ExpFloat64() * 50_000), StartedAt: at, Elapsed: took, Cache: fetch.CacheMiss,
			Timing: &fetch.Timing{DNS: -1, Connect: took / 8, TLS: took / 4, FirstByte: took / 2, Body: took / 8}}
		if i%50 < 4 && i%2 == 0 || i%50 == 7 && i < 3000 || i%50 == 9 {
			r.Status, r.Failure = 404, &failure.Failure{Kind: failure.BadStatus, Err: errors.New("404 Not Found")}
		}
		if i%50 == 3 && i%3 == 0 {
			r.Status, r.Failure = 0, &failure.Failure{Kind: failure.Connect, Err: errors.New("connection refused")}
		}
		if err := l.Put(r); err != nil {
			t.Fatal(err)
		}
		e := &fetch.ObservedExchange{Host: host, StartedAt: at, Took: took}
		if i == 2000 || i == 2100 {
			e.Refused, e.PausedUntil = true, at.Add(12*time.Second)
		}
		l.ObserveExchange(e)
		next := at.Add(time.Duration(rng.ExpFloat64() * float64(20*time.Millisecond)))
		switch {
		case i > 2000 && i < 2600:
			l.ObserveLimit(fetch.LimitPausedHosts, host, at, next)
		case i%3 == 0:
			l.ObserveLimit(fetch.LimitNetwork, "", at, next)
		default:
			l.ObserveLimit(fetch.LimitHostRate, host, at, next)
		}
		at = next
	}
	return l.Data(&fetch.Summary{Complete: true, Total: 6000, Succeeded: 5540, Failed: 460,
		Exchanges: 6000, Elapsed: at.Sub(begun),
		LimitedBy: fetch.LimitHostRate, Latency: fetch.Latency{P50: 1e6, P90: 2e6, P99: 3e6, Max: 4e6}}, 3)
}

// exampleFiles returns the Data of the outputs of two nights, with a summary.
func exampleFiles(t testing.TB) *Data {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 4))
	text := new(strings.Builder)
	for i := range 4000 {
		at := begun.Add(time.Duration(i) * 50 * time.Millisecond)
		if i >= 2000 {
			at = at.Add(24 * time.Hour)
		}
		fmt.Fprintf(text, `{"type":"success","url":"https://h%d.test/%d","status":%d,"bytes":%d,"wire_bytes":100,`+
			`"attempts":1,"started_at":%q,"elapsed_ms":%.3f,"cache":"miss"}`+"\n", i%9, i, 200+i%7/6, rng.IntN(1<<(i%16)),
			at.Format("2006-01-02T15:04:05.000Z"), 200*rng.ExpFloat64())
	}
	return read(t, text.String()+aFailure+"\n"+aSummary+"\nno Record\n")
}

// TestLive: what a run is told of is what the page is made of.
func TestLive(t *testing.T) {
	passed := 0
	inner := fetch.SinkFunc(func(*fetch.Record) error { passed++; return errors.New("full") })
	rate := 2.5
	rules, err := fetch.NewHostRules([]fetch.HostRule{{Pattern: "b.test", HostSettings: fetch.HostSettings{Rate: &rate}}})
	if err != nil {
		t.Fatal(err)
	}
	l := NewLive(inner, &fetch.Options{HostConcurrency: 10, Hosts: rules})
	if _, wraps := l.Unwrap().(fetch.SinkFunc); !wraps {
		t.Error("it does not show what is inside")
	}
	second := func(n float64) time.Time { return begun.Add(time.Duration(n * float64(time.Second))) }
	r := &fetch.Record{Request: fetch.Request{URL: "http://ann:secret@a.test/"}, Attempts: 2, StartedAt: begun,
		Elapsed: time.Second, Failure: &failure.Failure{Kind: failure.Stalled, Err: errors.New("no data")}}
	if err := l.Put(r); err == nil || passed != 1 {
		t.Errorf("%d Records passed on, error %v", passed, err)
	}
	l.ObserveExchange(&fetch.ObservedExchange{Host: "http://a.test", StartedAt: begun, Took: time.Second, Refused: true,
		PausedUntil: second(11)})
	// one that was under way then, and ends with the same pause; another one ends with a longer one
	l.ObserveExchange(&fetch.ObservedExchange{Host: "http://a.test", StartedAt: begun, Took: 2 * time.Second,
		PausedUntil: second(11)})
	l.ObserveExchange(&fetch.ObservedExchange{Host: "http://a.test", StartedAt: begun, Took: 3 * time.Second,
		PausedUntil: second(21)})
	l.ObserveExchange(&fetch.ObservedExchange{Host: "http://b.test", StartedAt: second(5), Took: 5 * time.Second,
		PausedUntil: second(3600)})
	l.ObserveLimit(fetch.LimitHostRate, "http://a.test/v1", begun, second(4))
	l.ObserveLimit(fetch.LimitNetwork, "", second(4), second(10))
	d := l.Data(&fetch.Summary{Complete: true, Exchanges: 4}, 3)
	if d.exchanges != 4 || d.refused != 1 || d.failed != 1 || d.retries != 1 || d.runs[0].ExitCode != 3 {
		t.Errorf("%d exchanges, %d refused, %d failed, %d retries, %+v", d.exchanges, d.refused, d.failed, d.retries, d.runs)
	}
	var flights, paused, byRate, byNetwork float64
	for _, p := range d.series.points(drawnPoints, false) {
		width := float64(p.width) / 1e6
		flights += p.inFlight * width
		paused += p.paused * width
		byRate += p.heldShare[3] * width
		byNetwork += p.heldShare[7] * width
	}
	// up to 10 s, when all has ended: a.test was paused for 9 s of it, b.test no more
	got := fmt.Sprintf("%.0f %.0f %.0f %.0f", flights, paused, byRate, byNetwork)
	if got != "11 9 4 6" {
		t.Errorf("seconds in flight, paused, and held back by two limits are %s", got)
	}
	page := pageOf(t, d)
	for _, part := range []string{`<th scope="row">http://a.test</th><td class="n" data-v="1">1</td>`, "10 at once",
		"2.5/s, 10 at once", "4 s by host-rate", "host-rate 40 %", "http://***@a.test/", "no data any more",
		" on average, among them http://a.test"} {
		if !strings.Contains(page, part) {
			t.Errorf("%q is not in the page", part)
		}
	}
	for _, part := range []string{"secret", "http://a.test/v1"} {
		if strings.Contains(page, part) {
			t.Errorf("%s is in the page", part)
		}
	}
}

// TestLimits: every Limit has a place, and so a colour.
func TestLimits(t *testing.T) {
	for i, limit := range limits {
		if at, known := limitIndex(limit); at != i || !known || !strings.Contains(pageStyle, fmt.Sprintf(".l%d {", i)) {
			t.Errorf("%s is at %d, %t", limit, at, known)
		}
	}
}
