package fetch

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/transport"
)

// TestQuantileError: a percentile is never below the true one, and at most 1/32 above it, to the microsecond.
func TestQuantileError(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, tt := range []struct {
		name string
		draw func() time.Duration
	}{
		{"even", func() time.Duration { return time.Duration(rng.Int64N(int64(time.Second))) }},
		{"few and far apart", func() time.Duration { return time.Duration(1<<rng.IntN(40)) * time.Nanosecond }},
		{"long tail", func() time.Duration { return time.Duration(rng.ExpFloat64() * float64(50*time.Millisecond)) }},
		{"all the same", func() time.Duration { return 1234567 * time.Nanosecond }},
		{"nothing to measure", func() time.Duration { return 0 }},
		{"days", func() time.Duration { return time.Duration(rng.Int64N(int64(1000 * time.Hour))) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, n := range []int{1, 2, 3, 10, 99, 100, 101, 5000} {
				var h histogram
				all := make([]time.Duration, n)
				for i := range all {
					all[i] = tt.draw()
					h.add(all[i])
				}
				slices.Sort(all)
				for _, q := range []int{1, 50, 90, 99, 100} {
					truth := all[(n*q+99)/100-1]
					got := h.quantile(float64(q) / 100)
					if got < truth || got > truth+truth/32+time.Microsecond {
						t.Errorf("p%d of %d is %s, truly %s", q, n, got, truth)
					}
				}
				if h.max != all[n-1] || h.count != int64(n) {
					t.Errorf("max %s of %s, count %d of %d", h.max, all[n-1], h.count, n)
				}
			}
		})
	}
}

func TestEmptyHistogram(t *testing.T) {
	var h histogram
	if got := h.quantile(0.99); got != 0 {
		t.Errorf("got %s", got)
	}
	h.add(-time.Second) // a clock that was set back
	if got := h.quantile(1); got != 0 {
		t.Errorf("a clock that was set back took %s", got)
	}
}

func finished(host string, verdict judge.Verdict, c exchangeCounts) *task {
	return &task{Task: plan.Task{Verdict: verdict}, target: target{Target: transport.Target{Origin: host}}, counts: c}
}

func TestTallyCounts(t *testing.T) {
	c := newTally(&Options{})
	for _, task := range []*task{
		finished("http://a.test", judge.Verdict{}, exchangeCounts{exchanged: true, status: 200, bytes: 10, wireBytes: 5}),
		finished("http://a.test", judge.Verdict{Failure: failure.New(failure.BadStatus, "404")}, exchangeCounts{exchanged: true, status: 404, bytes: 99, wireBytes: 99}),
		finished("http://b.test", judge.Verdict{Failure: failure.New(failure.DNS, "no such host")}, exchangeCounts{exchanged: true}),
		finished("", judge.Verdict{Failure: failure.New(failure.InvalidRequest, "no url")}, exchangeCounts{}),
	} {
		c.countExchange(task)
		c.countFinal(task)
	}
	c.countExchange(finished("http://a.test", judge.Verdict{Fate: judge.Retry}, exchangeCounts{exchanged: true, again: true, status: 500}))
	c.countExchange(finished("http://a.test", judge.Verdict{Fate: judge.Hop}, exchangeCounts{exchanged: true, status: 302}))
	c.Skipped, c.NotStarted = 2, 3
	s := c.summary(time.Second)
	if s.Total != 9 || s.Succeeded != 1 || s.Failed != 3 || s.Exchanges != 5 || s.Retries != 1 ||
		s.Latency.Count != 5 || s.Bytes != 10 || s.WireBytes != 5 {
		t.Errorf("got %+v", s)
	}
	if want := map[int]int64{200: 1, 404: 1}; !maps.Equal(s.ByStatus, want) {
		t.Errorf("by_status is of final answers: %v, want %v", s.ByStatus, want)
	}
	if want := map[failure.Kind]int64{failure.BadStatus: 1, failure.DNS: 1, failure.InvalidRequest: 1}; !maps.Equal(s.ByKind, want) {
		t.Errorf("got %v, want %v", s.ByKind, want)
	}
	if want := map[string]int64{"http://a.test": 1, "http://b.test": 1}; !maps.Equal(s.FailedByHost, want) {
		t.Errorf("got %v, want %v", s.FailedByHost, want)
	}
	if !s.Complete || s.Elapsed != time.Second {
		t.Errorf("got %+v", s)
	}
}

// TestFailuresByHostAreBounded: memory does not grow with the number of hosts that fail.
func TestFailuresByHostAreBounded(t *testing.T) {
	c := newTally(&Options{})
	for range 2 {
		for i := range MaxHosts + 500 {
			c.countFinal(finished(fmt.Sprintf("http://%d.test", i), judge.Verdict{Failure: failure.New(failure.DNS, "x")}, exchangeCounts{}))
		}
	}
	if got := c.FailedByHost["other"]; got != 1000 || len(c.FailedByHost) != MaxHosts+1 {
		t.Errorf("%d hosts, %d others", len(c.FailedByHost), got)
	}
	if c.FailedByHost["http://0.test"] != 2 {
		t.Error("a host that is known is counted under its name")
	}
}

func TestTooManyFailures(t *testing.T) {
	for _, tt := range []struct {
		name              string
		most              int64
		percent           float64
		succeeded, failed int64
		want              bool
	}{
		{"any number", -1, 0, 0, 1e6, false},
		{"none allowed, none failed", 0, 0, 5, 0, false},
		{"none allowed", 0, 0, 5, 1, true},
		{"N are allowed", 3, 0, 0, 3, false},
		{"the next one stops", 3, 0, 0, 4, true},
		{"a share is judged from 100 on", -1, 10, 0, 99, false},
		{"then at once", -1, 10, 89, 11, true},
		{"the share itself is allowed", -1, 10, 90, 10, false},
		{"a fraction of a percent", -1, 0.5, 995, 6, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTally(&Options{})
			c.Succeeded, c.Failed = tt.succeeded, tt.failed
			if got := c.tooManyFailures(&Options{MaxFailures: tt.most, MaxFailurePercent: tt.percent}); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestLimitedByIsTheLongest(t *testing.T) {
	c := newTally(&Options{})
	c.LimitedFor = map[Limit]time.Duration{LimitRate: 3, LimitNetwork: 5, LimitInput: 5}
	if got := c.summary(0).LimitedBy; got != LimitInput {
		t.Errorf("got %s; of two equals the first by name", got)
	}
	if got := newTally(&Options{}).summary(0).LimitedBy; got != "" {
		t.Errorf("a run that waited for nothing was limited by %q", got)
	}
}
