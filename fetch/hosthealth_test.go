package fetch

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
)

// errRefusedConnect is the failure of a refused connection.
var errRefusedConnect = failure.New(failure.Connect, "connecting to a:80: connection refused")

// TestDeadHostInARun runs, with the defaults, 200 requests each for a host that refuses, or accepts and never responds,
// and for one that responds. The run ends within the bound that the help states: 7 s for a host that refuses, six stall
// timeouts and 7 s for a silent one.
func TestDeadHostInARun(t *testing.T) {
	for name, tt := range map[string]struct {
		answer func(*http.Request) (*http.Response, error)
		most   time.Duration
		kind   failure.Kind
	}{
		"refuses": {func(*http.Request) (*http.Response, error) { return nil, errRefusedConnect }, 7 * time.Second,
			failure.Connect},
		"is silent": {func(r *http.Request) (*http.Response, error) {
			select {
			case <-time.After(30 * time.Second):
				return nil, failure.New(failure.Stalled, "no data for 30s (--stall-timeout)")
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		}, 6*30*time.Second + 7*time.Second, failure.Stalled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var requests atomic.Int32
				client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
					if r.Host == "well.test" {
						return newResponse(200, ""), nil
					}
					requests.Add(1)
					return tt.answer(r)
				})
				var sink recorder
				s, err := runWithClient(t.Context(), urls(400, "http://dead.test", "http://well.test"), &sink,
					options(nil), client)
				if err != nil || s.Succeeded != 200 || s.Failed != 200 {
					t.Fatalf("%+v, %v", s, err)
				}
				if s.ByKind[failure.HostDown]+s.ByKind[tt.kind] != 200 || s.ByKind[failure.HostDown] < 150 {
					t.Errorf("kinds %v", s.ByKind)
				}
				if n := requests.Load(); n > 45 || s.Elapsed > tt.most+time.Second {
					t.Errorf("%d requests in %s", n, s.Elapsed)
				}
				if s.LimitedBy != LimitPausedHosts && s.LimitedBy != LimitHostConcurrency ||
					s.LimitedHost != "http://dead.test" {
					t.Errorf("limited by %s on %s", s.LimitedBy, s.LimitedHost)
				}
			})
		})
	}
}
