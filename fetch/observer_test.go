package fetch

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// An observations is an Observer that notes what it is told.
type observations struct {
	exchanges []ObservedExchange
	until     time.Time
	by        map[Limit]time.Duration
	broken    string // why spans don't follow one after the other
}

func (o *observations) ObserveExchange(e *ObservedExchange) { o.exchanges = append(o.exchanges, *e) }

func (o *observations) ObserveLimit(limit Limit, _ string, from, to time.Time) {
	if !o.until.IsZero() && !from.Equal(o.until) || !to.After(from) {
		o.broken = fmt.Sprintf("%s to %s after %s", from, to, o.until)
	}
	o.until = to
	o.by[limit] += to.Sub(from)
}

// TestObserver: an Observer is told of each exchange, at its own host, with the pause that follows; and all time of the
// run goes to one Limit or another, as it does in the Summary.
func TestObserver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refused := false
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			switch {
			case strings.HasSuffix(r.URL.Path, "/0"):
				response := newResponse(302, "")
				response.Header.Set("Location", "http://b.test/landed")
				return response, nil
			case !refused && r.URL.Host == "b.test":
				refused = true
				response := newResponse(429, "")
				response.Header.Set("Retry-After", "30")
				return response, nil
			}
			return newResponse(200, ""), nil
		})
		seen := &observations{by: make(map[Limit]time.Duration)}
		started := time.Now()
		o := options(func(o *Options) { o.Observer = seen })
		s, err := runWithClient(t.Context(), urls(1, "http://a.test"), &recorder{}, o, client)
		if err != nil || s.Succeeded != 1 {
			t.Fatal(s, err)
		}
		got := new(strings.Builder)
		for _, e := range seen.exchanges {
			pause := max(e.PausedUntil.Sub(e.StartedAt.Add(e.Took)), 0)
			fmt.Fprintf(got, "%s at %.0f for %s, %t, paused %.0f; ", e.Host, e.StartedAt.Sub(started).Seconds(), e.Took,
				e.Refused, pause.Seconds())
		}
		want := "http://a.test at 0 for 1s, false, paused 0; http://b.test at 1 for 1s, true, paused 30; " +
			"http://b.test at 32 for 1s, false, paused 0; "
		if got.String() != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if seen.broken != "" || fmt.Sprint(seen.by) != fmt.Sprint(s.LimitedFor) ||
			seen.by[LimitPausedHosts] < 29*time.Second {
			t.Errorf("limits %v, in the summary %v; %s", seen.by, s.LimitedFor, seen.broken)
		}
	})
}
