package fetch

import (
	"fmt"
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/transport"
)

// finishedTask returns a task of host with a verdict and the counts of its last exchange.
func finishedTask(host string, verdict judge.Verdict, c exchangeCounts) *task {
	to := target{Target: transport.Target{Origin: host}, policy: new(judge.Policy)}
	return &task{Task: plan.Task{Verdict: verdict}, target: to, counts: c}
}

func TestSummaryCounts(t *testing.T) {
	c := newTally(&Options{})
	for _, task := range []*task{
		finishedTask("http://a.test", judge.Verdict{}, exchangeCounts{exchanged: true, status: 200, bytes: 10, wireBytes: 5}),
		finishedTask("http://a.test", judge.Verdict{Failure: failure.New(failure.BadStatus, "404")},
			exchangeCounts{exchanged: true, status: 404, bytes: 99, wireBytes: 99}),
		finishedTask("http://b.test", judge.Verdict{Failure: failure.New(failure.DNS, "no such host")},
			exchangeCounts{exchanged: true}),
		finishedTask("", judge.Verdict{Failure: failure.New(failure.InvalidRequest, "no url")}, exchangeCounts{}),
	} {
		c.countExchange(task)
		c.countFinal(task)
	}
	c.countExchange(finishedTask("http://a.test", judge.Verdict{Fate: judge.Retry},
		exchangeCounts{exchanged: true, retried: true, status: 500}))
	c.countExchange(finishedTask("http://a.test", judge.Verdict{Fate: judge.Hop},
		exchangeCounts{exchanged: true, status: 302}))
	c.Skipped, c.NotStarted = 2, 3
	s := c.summary(time.Second)
	if s.Total != 9 || s.Succeeded != 1 || s.Failed != 3 || s.Exchanges != 5 || s.Retries != 1 ||
		s.Latency.Count != 5 || s.Bytes != 10 || s.WireBytes != 5 {
		t.Errorf("got %+v", s)
	}
	if want := map[int]int64{200: 1, 404: 1}; !maps.Equal(s.ByStatus, want) {
		t.Errorf("by_status is of final answers: %v, want %v", s.ByStatus, want)
	}
	if want := map[failure.Kind]int64{failure.BadStatus: 1, failure.DNS: 1,
		failure.InvalidRequest: 1}; !maps.Equal(s.ByKind, want) {
		t.Errorf("got %v, want %v", s.ByKind, want)
	}
	if want := map[string]int64{"http://a.test": 1, "http://b.test": 1}; !maps.Equal(s.FailedByHost, want) {
		t.Errorf("got %v, want %v", s.FailedByHost, want)
	}
	if !s.Complete || s.Elapsed != time.Second {
		t.Errorf("got %+v", s)
	}
}

// TestFailuresByHostAreBounded checks that memory does not grow with the number of hosts that fail.
func TestFailuresByHostAreBounded(t *testing.T) {
	c := newTally(&Options{})
	for range 2 {
		for i := range MaxHosts + 500 {
			c.countFinal(finishedTask(fmt.Sprintf("http://%d.test", i), judge.Verdict{Failure: failure.New(failure.DNS, "x")},
				exchangeCounts{}))
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
		name             string
		most             int64
		percent          float64
		failed, requests int64
		want             bool
	}{
		{"any number", -1, 0, 1e6, 1e6, false},
		{"none allowed, none failed", 0, 0, 0, 5, false},
		{"none allowed", 0, 0, 1, 6, true},
		{"N are allowed", 3, 0, 3, 3, false},
		{"the next one stops", 3, 0, 4, 0, true},
		{"a share of an unknown number", -1, 10, 1e6, 0, false},
		{"a share of few", -1, 5, 1, 1, true},
		{"a share can't be met any more", -1, 10, 11, 100, true},
		{"the share itself is allowed", -1, 10, 10, 100, false},
		{"a fraction of a percent", -1, 0.5, 6, 1001, true},
		{"the fraction itself is allowed", -1, 0.071, 71, 100000, false},
		{"all may fail", -1, 100, 7, 7, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newTally(&Options{})
			c.Failed = tt.failed
			o := &Options{MaxFailures: tt.most, MaxFailurePercent: tt.percent}
			if got := c.tooManyFailures(o, tt.requests); got != tt.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func TestLiveCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := new(Live)
		o := options(func(o *Options) { o.Live, o.Retries = live, 2 })
		client := fakeOrigin(func(*http.Request) (*http.Response, error) { return newResponse(500, ""), nil })
		s, err := runWithClient(t.Context(), urls(2, "http://a.test"), &recorder{}, o, client)
		if err != nil || live.Exchanges.Load() != s.Exchanges || live.Retries.Load() != 4 {
			t.Errorf("%d exchanges, %d retries of %+v", live.Exchanges.Load(), live.Retries.Load(), s)
		}
	})
}

// TestLiveWaiting: while a run waits for a host alone, Live says for which, until when, and after which status.
func TestLiveWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := new(Live)
		o := options(func(o *Options) { o.Live = live })
		refused := false
		client := fakeOrigin(func(*http.Request) (*http.Response, error) {
			if refused {
				return newResponse(200, ""), nil
			}
			refused = true
			r := newResponse(429, "")
			r.Header.Set("Retry-After", "30")
			return r, nil
		})
		started := time.Now()
		seen := make(chan *HostWait, 1)
		time.AfterFunc(10*time.Second, func() { seen <- live.Waiting.Load() })
		if _, err := runWithClient(t.Context(), urls(1, "http://a.test"), &recorder{}, o, client); err != nil {
			t.Fatal(err)
		}
		if during := <-seen; during == nil || during.Host != "http://a.test" || during.Status != 429 ||
			during.Until.Sub(started).Round(time.Second) != 30*time.Second {
			t.Errorf("waiting for %+v", during)
		}
		if after := live.Waiting.Load(); after != nil {
			t.Errorf("at the end it waits for %+v", after)
		}
	})
}
