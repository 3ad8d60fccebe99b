package fetch

import "testing"

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
		{"a page that breaks off", Answer{Status: 200, Failure: failf(Truncated, "x")}, Erroring},
		{"no name", broken(DNS), NoAnswer},
		{"no connection", broken(Connect), NoAnswer},
		{"no handshake", broken(TLS), NoAnswer},
		{"no time left", broken(Timeout), NoAnswer},
		{"silence", broken(Stalled), NoAnswer},
		{"a reset", broken(Reset), NoAnswer},
		{"a close", broken(Truncated), NoAnswer},
		{"a reset within an answer", Answer{Responded: true, Failure: failf(Reset, "x")}, Erroring},
		{"nonsense", Answer{Responded: true, Failure: failf(Protocol, "x")}, Erroring},
		{"a cancel", broken(Canceled), Unknown},
		{"a blocked address", broken(BlockedAddress), Unknown},
		{"a full disk", broken(IO), Unknown},
	} {
		if got := healthOf(p, &tt.in); got != tt.want {
			t.Errorf("%s says %d, want %d", tt.name, got, tt.want)
		}
	}
	wanted := usual(func(p *policy) { p.AcceptStatus = Statuses{{429, 429}} })
	if got := healthOf(wanted, &Answer{Status: 429}); got != Healthy {
		t.Errorf("a 429 that is wanted says %d", got)
	}
}
