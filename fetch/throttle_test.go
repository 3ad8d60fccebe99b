package fetch

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// TestPagesThatAlwaysRefuse checks that three pages that always respond 503 take the time of their own retries and no
// more.
func TestPagesThatAlwaysRefuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(*http.Request) (*http.Response, error) { return newResponse(503, ""), nil })
		s, err := runWithClient(t.Context(), urls(3, "http://a.test"), &recorder{}, options(nil), client)
		if err != nil || s.Failed != 3 || s.Exchanges != 12 || s.Elapsed > 10*time.Second {
			t.Errorf("%+v, %v", s, err)
		}
	})
}

// TestHostThatRefusesAll checks that a host that responds 503 to everything is given up, and that the rest of its
// Requests fail as rate_limited; one that responds 500 is broken, and has no limit.
func TestHostThatRefusesAll(t *testing.T) {
	for status, kind := range map[int]failure.Kind{503: failure.RateLimited, 500: failure.HostDown} {
		synctest.Test(t, func(t *testing.T) {
			client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
				if r.Host == "well.test" {
					return newResponse(200, ""), nil
				}
				return newResponse(status, ""), nil
			})
			s, err := runWithClient(t.Context(), urls(2000, "http://a.test", "http://well.test"),
				&recorder{}, options(nil), client)
			wasSent := s.Exchanges - 1000
			if err != nil || s.Succeeded != 1000 || s.Failed != 1000 || s.ByKind[kind] < 800 ||
				s.ByStatus[status] != wasSent || s.Elapsed > 4*time.Minute {
				t.Errorf("%d: %+v, %v", status, s, err)
			}
		})
	}
}

// TestAdaptiveInARun runs 600 pages of a server that accepts 20 requests a second and refuses the others. All succeed
// in little more than the least time, with few refusals. Without Adaptive there are many more.
func TestAdaptiveInARun(t *testing.T) {
	play := func(t *testing.T, adaptive bool) (s Summary, refused int) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			tokens, last := 20.0, time.Now()
			client := fakeOrigin(func(*http.Request) (*http.Response, error) {
				mu.Lock()
				now := time.Now()
				tokens = min(20, tokens+20*now.Sub(last).Seconds())
				last = now
				enough := tokens >= 1
				if enough {
					tokens--
				} else {
					refused++
				}
				mu.Unlock()
				time.Sleep(50 * time.Millisecond)
				if !enough {
					return newResponse(429, ""), nil
				}
				return newResponse(200, ""), nil
			})
			var err error
			o := options(func(o *Options) { o.Adaptive, o.Retries = adaptive, 10 })
			if s, err = runWithClient(t.Context(), urls(600, "http://a.test"), &recorder{}, o, client); err != nil {
				t.Fatal(err)
			}
		})
		return s, refused
	}
	s, refused := play(t, true)
	if s.Succeeded != 600 || refused > 60 || s.Elapsed > 60*time.Second {
		t.Errorf("%d succeeded in %s with %d refused; the least is 29 s", s.Succeeded, s.Elapsed, refused)
	}
	if s.LimitedBy != LimitPausedHosts || s.LimitedHost != "http://a.test" {
		t.Errorf("limited by %s on %s", s.LimitedBy, s.LimitedHost)
	}
	if _, without := play(t, false); without < 5*refused {
		t.Errorf("%d are refused without it, %d with it", without, refused)
	}
	t.Logf("%s, %d refused", s.Elapsed, refused)
}
