package fetch

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestSecondHostBehindALongPrefix runs twenty thousand lines of one slow host followed by a hundred of another. With a
// look-ahead of a thousand the second host is done long before the first.
func TestSecondHostBehindALongPrefix(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var last time.Duration
		records := new(recorder)
		sink := SinkFunc(func(r *Record) error {
			if strings.HasPrefix(r.Request.URL, "http://second.test/") {
				last = time.Since(began)
			}
			return records.Put(r)
		})
		source := joined(urls(20_000, "http://first.test"), urls(100, "http://second.test"))
		o := options(func(o *Options) { o.Lookahead = 1000 })
		s, err := runWithClient(t.Context(), source, sink, o, respondAfter(100*time.Millisecond))
		if err != nil || s.Succeeded != 20_100 {
			t.Fatalf("%+v, %v", s, err)
		}
		if last > 2*time.Second || s.Elapsed > 201*time.Second {
			t.Errorf("the second host's last answer came after %s, the run took %s", last, s.Elapsed)
		}
		if s.LimitedBy != LimitHostConcurrency || s.LimitedHost != "http://first.test" {
			t.Errorf("limited by %s on %s", s.LimitedBy, s.LimitedHost)
		}
	})
}

// TestStopCountsSpilledTasks checks that a run that ends early counts the spilled Requests too.
func TestStopCountsSpilledTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(func(o *Options) { o.Lookahead, o.Deadline = 1000, 10*time.Second })
		s, err := runWithClient(context.Background(), urls(20_000, "http://a.test"), &recorder{}, o,
			respondAfter(time.Second))
		if err != nil || s.Stopped != StopDeadline {
			t.Fatalf("%+v, %v", s, err)
		}
		if got := fmt.Sprint(s.Total, s.Succeeded+s.Failed+s.NotStarted); got != "20000 20000" {
			t.Errorf("%s: %+v", got, s)
		}
	})
}
