package fetch

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestLimitedBy checks which limit the Summary names as the one that held the run up.
func TestLimitedBy(t *testing.T) {
	slowly := func(source Source) Source {
		return func(yield func(Request, error) bool) {
			for r, err := range source {
				if time.Sleep(time.Minute); !yield(r, err) {
					return
				}
			}
		}
	}
	few := urls(6, "http://a.test")
	for _, tt := range []struct {
		want   Limit
		source Source
		with   func(*Options)
		sink   Sink
	}{
		{want: LimitConcurrency, with: func(o *Options) { o.Concurrency = 1 }},
		{want: LimitHostConcurrency, with: func(o *Options) { o.HostConcurrency = 1 }},
		{want: LimitRate, with: func(o *Options) { o.Rate = 0.01 }},
		{want: LimitHostRate, with: func(o *Options) { o.HostRate = 0.01 }},
		{want: LimitNetwork},
		{want: LimitNetwork, with: func(o *Options) { o.Lookahead = 1 }},
		{want: LimitInput, source: slowly(few)},
	} {
		t.Run(string(tt.want), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if tt.source == nil {
					tt.source = few
				}
				s, err := runWithClient(t.Context(), tt.source, &recorder{}, options(tt.with), respondAfter(time.Second))
				if err != nil || s.LimitedBy != tt.want {
					t.Errorf("limited by %s of %v, %v", s.LimitedBy, s.LimitedFor, err)
				}
			})
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

// TestLimitedByOutput checks that a slow Sink is named as the limit, whatever the size of the Records that wait for it.
func TestLimitedByOutput(t *testing.T) {
	for name, body := range map[string]string{"small": "x", "large": strings.Repeat("x", 2*largeRecord)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := SinkFunc(func(*Record) error { time.Sleep(100 * time.Millisecond); return nil })
				client := fakeOrigin(func(*http.Request) (*http.Response, error) {
					time.Sleep(time.Millisecond)
					return newResponse(200, body), nil
				})
				s, err := runWithClient(t.Context(), urls(600, "http://a.test"), sink, options(nil), client)
				if err != nil || s.LimitedBy != LimitOutput {
					t.Errorf("limited by %s of %v, %v", s.LimitedBy, s.LimitedFor, err)
				}
			})
		})
	}
}
