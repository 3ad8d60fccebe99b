package fetch

import (
	"fmt"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// TestRedirectsEnterTheLaneOfTheirNewHost: ten hosts that all redirect to one keep to that one's limits.
func TestRedirectsEnterTheLaneOfTheirNewHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		under, most := make(chan struct{}, 10), 0
		var starts []time.Time
		client := origin(func(r *http.Request) (*http.Response, error) {
			if r.URL.Host != "b.test" {
				return reply(302, "", "Location", "http://b.test"+r.URL.Path), nil
			}
			under <- struct{}{} // one at a time, or the race detector says so
			most = max(most, len(under))
			starts = append(starts, time.Now())
			time.Sleep(10 * time.Millisecond)
			<-under
			return reply(200, "ok"), nil
		})
		var lines []string
		for i := range 10 {
			lines = append(lines, fmt.Sprintf("http://a%d.test/%d", i, i))
		}
		var shelf shelf
		s, err := runOver(t.Context(), linesOf(lines...), &shelf, options(func(o *Options) { o.HostConcurrency, o.HostRate = 1, 2 }), client)
		if err != nil || s.Succeeded != 10 || most != 1 {
			t.Fatalf("%d succeeded, %d at once on the new host, %v", s.Succeeded, most, err)
		}
		for i := 1; i < len(starts); i++ {
			if gap := starts[i].Sub(starts[i-1]); gap < 500*time.Millisecond-timerSlack {
				t.Errorf("start %d on the new host comes %s after the one before", i, gap)
			}
		}
	})
}
