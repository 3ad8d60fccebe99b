package fetch

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestRatesHoldInARun runs scheduler, timer, redirects and retries together. In every sliding window there are no more
// exchanges than the rate allows, whatever unit it was given in: of all hosts for --rate, of each host for --host-rate
// and a host's own rate. A run with enough Requests uses the rate up.
func TestRatesHoldInARun(t *testing.T) {
	own, err := NewHostRules([]HostRule{{Pattern: "b.test", HostSettings: HostSettings{Rate: new(5.0)}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		change func(*Options)
		all    float64            // per second; 0 is no limit
		each   map[string]float64 // the same by host
	}{
		{"1200/m in all", func(o *Options) { o.Rate = 1200.0 / 60 }, 20, nil},
		{"72000/h in all", func(o *Options) { o.Rate = 72000.0 / 3600 }, 20, nil},
		{"1/15s in all", func(o *Options) { o.Rate = 1.0 / 15 }, 1.0 / 15, nil},
		{"1200/m on each host", func(o *Options) { o.HostRate = 1200.0 / 60 }, 0,
			map[string]float64{"a.test": 20, "b.test": 20, "c.test": 20}},
		{"60/m on each host, 2/s in all", func(o *Options) { o.HostRate, o.Rate = 60.0/60, 2 }, 2,
			map[string]float64{"a.test": 1, "b.test": 1, "c.test": 1}},
		{"a host with its own", func(o *Options) { o.HostRate, o.Hosts = 50, own }, 0,
			map[string]float64{"a.test": 50, "b.test": 5, "c.test": 50}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				var all []time.Time
				starts := make(map[string][]time.Time)
				answer := fakeOrigin(func(r *http.Request) (*http.Response, error) {
					mu.Lock()
					n := len(all)
					all = append(all, time.Now())
					starts[r.URL.Host] = append(starts[r.URL.Host], time.Now())
					mu.Unlock()
					time.Sleep(time.Duration(n%7) * 30 * time.Millisecond)
					switch {
					case n%11 == 5:
						return nil, io.ErrUnexpectedEOF
					case n%5 == 2:
						return newResponse(302, "", "Location", fmt.Sprintf("http://%c.test/hop", 'a'+n%3)), nil
					}
					return newResponse(200, "ok"), nil
				})
				o := options(func(o *Options) { o.RetryDelay, o.HostConcurrency = 100*time.Millisecond, 50 })
				tt.change(o)
				summary, err := runWithClient(t.Context(), urls(300, "http://a.test", "http://b.test", "http://c.test"),
					new(recorder), o, answer)
				if err != nil || summary.Total != 300 {
					t.Fatalf("%+v, %v", summary, err)
				}
				wantRate(t, "all", tt.all, all)
				for _, host := range slices.Sorted(maps.Keys(starts)) {
					wantRate(t, host, tt.each[host], starts[host])
				}
				fair := float64(len(all)-1) / tt.all
				if tt.all > 0 && tt.each == nil && summary.Elapsed.Seconds() > 1.05*fair+1 {
					t.Errorf("%d exchanges took %s, the rate allows them in %.1fs", len(all), summary.Elapsed, fair)
				}
			})
		})
	}
}

// timerSlack is how late a start may be while those that follow are on time.
const timerSlack = 2 * time.Millisecond

// mostWithin returns the most starts in any window of length span, its end excluded.
func mostWithin(starts []time.Time, span time.Duration) int {
	most, from := 0, 0
	for to := range starts {
		for starts[to].Sub(starts[from]) >= span {
			from++
		}
		most = max(most, to-from+1)
	}
	return most
}

// wantRate checks starts against a rate in windows of many lengths. A rate of 0 is no limit.
func wantRate(t *testing.T, what string, perSecond float64, starts []time.Time) {
	if perSecond == 0 {
		return
	}
	for _, span := range []time.Duration{time.Millisecond, 45 * time.Millisecond, 50 * time.Millisecond,
		333 * time.Millisecond, time.Second, 17 * time.Second, time.Minute} {
		allowed := 1 + perSecond*(span+timerSlack).Seconds() + 1e-6
		if got := mostWithin(starts, span); float64(got) > allowed {
			t.Errorf("%s: %d exchanges begin within %s, allowed are %.2f", what, got, span, allowed)
		}
	}
}
