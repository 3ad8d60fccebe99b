package fetch

import (
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestEveryRequestEndsAsOneRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			switch r.URL.Path {
			case "/moved":
				return newResponse(302, "", "Location", "/there"), nil
			case "/gone":
				return newResponse(404, "no"), nil
			}
			return newResponse(200, r.URL.Path), nil
		})
		var sink recorder
		source := skipping(3, linesOf("http://a.test/x", "{", "http://a.test/moved", "http://a.test/x", "http://a.test/gone"))
		s, err := runWithClient(t.Context(), source, &sink, options(nil), client)
		if err != nil {
			t.Fatal(err)
		}
		if got := sink.kinds(); got != "ok invalid_request ok status" {
			t.Errorf("got %s", got)
		}
		wantSum(t, s, len(sink.records))
		if s.Total != 5 || s.Skipped != 1 || s.Exchanges != 4 || !s.Complete || !sink.flushed {
			t.Errorf("got %+v", s)
		}
		for i, r := range sink.records {
			switch r.Request.URL {
			case "http://a.test/moved":
				if r.FinalURL != "http://a.test/there" || r.Redirects != 1 || r.Attempts != 1 || sink.bodies[i] != "/there" {
					t.Errorf("got %+v", r)
				}
			case "http://a.test/gone":
				if r.Status != 404 || r.HasBody || r.Attempts != 1 {
					t.Errorf("got %+v", r)
				}
			case "":
				if string(r.Input) != "{" || r.Request.Line != 2 || r.Attempts != 0 || !r.StartedAt.IsZero() {
					t.Errorf("got %+v", r)
				}
			}
		}
	})
}

func TestEmptyInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink recorder
		s, err := runWithClient(t.Context(), urls(0, ""), &sink, options(nil), respondAfter(0))
		if err != nil || s.Total != 0 || !s.Complete || !sink.flushed {
			t.Errorf("got %+v, %v", s, err)
		}
	})
}

func TestRunRefusesMistakes(t *testing.T) {
	_, err := Run(t.Context(), urls(1, "http://a.test"), &recorder{},
		*options(func(o *Options) { o.Concurrency, o.MaxBody = 0, 0 }))
	if len(flagsOf(err)) != 2 {
		t.Errorf("got %v", err)
	}
}

// TestRetriesInTime checks that three attempts, the delays between them and the time they took are in the Record.
func TestRetriesInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests []time.Duration
		began := time.Now()
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			requests = append(requests, time.Since(began))
			if len(requests) < 3 {
				return newResponse(503, "", "Retry-After", "10"), nil
			}
			return newResponse(200, "at last"), nil
		})
		var sink recorder
		s, err := runWithClient(t.Context(), urls(1, "http://a.test"), &sink, options(nil), client)
		if err != nil || sink.kinds() != "ok" {
			t.Fatal(sink.kinds(), err)
		}
		if want := "[0s 10s 20s]"; fmt.Sprint(requests) != want {
			t.Errorf("asked at %v, want %s", requests, want)
		}
		if r := sink.records[0]; r.Attempts != 3 || r.Elapsed != 20*time.Second || !r.StartedAt.Equal(began) {
			t.Errorf("attempts %d, elapsed %s", r.Attempts, r.Elapsed)
		}
		if s.Retries != 2 || s.Exchanges != 3 || s.LimitedBy != LimitPausedHosts ||
			!maps.Equal(s.ByStatus, map[int]int64{200: 1}) {
			t.Errorf("got %+v", s)
		}
	})
}

func TestRetriesAreExhausted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests atomic.Int32
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			requests.Add(1)
			return newResponse(500, ""), nil
		})
		var sink recorder
		s, err := runWithClient(t.Context(), linesOf("http://a.test/", `{"url":"http://b.test/","body":"x"}`), &sink,
			options(nil), client)
		if err != nil || sink.kinds() != "status status" || requests.Load() != 5 || s.Retries != 3 {
			t.Errorf("%s after %d, %+v, %v", sink.kinds(), requests.Load(), s, err)
		}
	})
}

// TestPausedHostDelaysNoOther runs fifty pages of a host that sends Retry-After, and as many of one that does not. Once
// its pause is over the first host has a lower rate than before, so its last page takes a little longer.
func TestPausedHostDelaysNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var mu sync.Mutex
		last := map[string]time.Duration{}
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			last[r.Host] = time.Since(began)
			if r.Host == "slow.test" && time.Since(began) < 20*time.Second {
				return newResponse(429, "", "Retry-After", "20"), nil
			}
			return newResponse(200, ""), nil
		})
		var sink recorder
		s, err := runWithClient(t.Context(), urls(100, "http://slow.test", "http://fast.test"), &sink, options(nil), client)
		if err != nil || s.Succeeded != 100 {
			t.Fatalf("%+v, %v", s, err)
		}
		if last["fast.test"] != 0 || last["slow.test"] < 20*time.Second || last["slow.test"] > 30*time.Second {
			t.Errorf("the last of each were asked at %v", last)
		}
	})
}

func TestTimeInTheQueueCountsToNoTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink recorder
		o := options(func(o *Options) { o.Concurrency, o.Timeout = 1, 2*time.Second })
		s, err := runWithClient(t.Context(), urls(10, "http://a.test"), &sink, o, respondAfter(time.Second))
		if err != nil || s.Succeeded != 10 || s.Elapsed != 10*time.Second {
			t.Errorf("%s: %+v, %v", sink.kinds(), s, err)
		}
	})
}

func TestTimeoutBoundsOneExchange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink recorder
		o := options(func(o *Options) { o.Retries, o.Timeout = 1, 2*time.Second; o.RetryDelay = 0 })
		s, err := runWithClient(t.Context(), urls(1, "http://a.test"), &sink, o, respondAfter(time.Hour))
		if err != nil || sink.kinds() != "timeout" || s.Elapsed != 4*time.Second {
			t.Fatalf("%s: %+v, %v", sink.kinds(), s, err)
		}
		if says := sink.records[0].Failure.Error(); !strings.HasPrefix(says, "not done within 2s (--timeout); ") {
			t.Errorf("says %q", says)
		}
	})
}

func TestRateInARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var requests []time.Duration
		client := fakeOrigin(func(*http.Request) (*http.Response, error) {
			requests = append(requests, time.Since(began))
			return newResponse(200, ""), nil
		})
		s, err := runWithClient(t.Context(), urls(4, "http://a.test", "http://b.test"), &recorder{},
			options(func(o *Options) { o.Rate = 0.1 }), client)
		if err != nil || fmt.Sprint(requests) != "[0s 10.02s 20.04s 30.06s]" || s.LimitedBy != LimitRate {
			t.Errorf("asked at %v, limited by %s, %v", requests, s.LimitedBy, err)
		}
	})
}

// TestSourceMayRewriteURLs checks that a Source that wraps another can change the URL that is requested.
func TestSourceMayRewriteURLs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var requests string
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			requests = r.URL.String()
			return newResponse(200, ""), nil
		})
		source := func(yield func(Request, error) bool) {
			for r, err := range linesOf("http://a.test/x") {
				r.URL = strings.Replace(r.URL, "a.test", "mirror.test", 1)
				if !yield(r, err) {
					return
				}
			}
		}
		if _, err := runWithClient(t.Context(), source, &recorder{}, options(nil), client); err != nil ||
			requests != "http://mirror.test/x" {
			t.Errorf("asked %s, %v", requests, err)
		}
	})
}
