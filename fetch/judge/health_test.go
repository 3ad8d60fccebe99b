package judge

import (
	"testing"

	"batchfetch/fetch/failure"
)

// TestHealthOf: what each outcome says about its host.
func TestHealthOf(t *testing.T) {
	p := usual(nil)
	for _, tt := range []struct {
		name string
		in   Answer
		want Health
	}{
		{"a page", status(200), Healthy},
		{"a redirect", status(302, "Location", "/"), Healthy},
		{"not found", status(404), Erroring},
		{"an error", status(500), Erroring},
		{"too many requests", status(429), Throttled},
		{"unavailable", status(503), Throttled},
		{"a page that breaks off", Answer{Status: 200, Failure: failure.New(failure.Truncated, "x")}, Erroring},
		{"no name", broken(failure.DNS), NoAnswer},
		{"no connection", broken(failure.Connect), NoAnswer},
		{"no handshake", broken(failure.TLS), NoAnswer},
		{"no time left", broken(failure.Timeout), NoAnswer},
		{"silence", broken(failure.Stalled), NoAnswer},
		{"a reset", broken(failure.Reset), NoAnswer},
		{"a close", broken(failure.Truncated), NoAnswer},
		{"a reset within an answer", Answer{Responded: true, Failure: failure.New(failure.Reset, "x")}, Erroring},
		{"nonsense", Answer{Responded: true, Failure: failure.New(failure.Protocol, "x")}, Erroring},
		{"a cancel", broken(failure.Canceled), Unknown},
		{"a blocked address", broken(failure.BlockedAddress), Unknown},
		{"a full disk", broken(failure.IO), Unknown},
	} {
		if got := healthOf(p, &tt.in); got != tt.want {
			t.Errorf("%s says %d, want %d", tt.name, got, tt.want)
		}
	}
	wanted := usual(func(p *Policy) { p.AcceptStatus = Statuses{{429, 429}} })
	if got := healthOf(wanted, &Answer{Status: 429}); got != Healthy {
		t.Errorf("a 429 that is wanted says %d", got)
	}
}
