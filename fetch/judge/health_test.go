package judge

import (
	"testing"

	"batchfetch/fetch/failure"
)

// TestHealthOf: the Health after each outcome of an exchange.
func TestHealthOf(t *testing.T) {
	p := policyWith(nil)
	for _, tt := range []struct {
		name string
		in   Answer
		want Health
	}{
		{"a page", status(200), Healthy},
		{"a redirect", status(302, "Location", "/"), Healthy},
		{"not found", status(404), Erroring},
		{"an error", status(500), Overloaded},
		{"unavailable", status(503), Overloaded},
		{"a method that the server does not have", status(501), Erroring}, // a POST to webfs 1.21 or mini-httpd 1.30
		{"a version that the server does not have", status(505), Erroring},
		{"a page that breaks off", Answer{Status: 200, Failure: failure.New(failure.Truncated, "x")}, Erroring},
		{"no name", failed(failure.DNS), NoAnswer},
		{"no connection", failed(failure.Connect), NoAnswer},
		{"no handshake", failed(failure.TLS), NoAnswer},
		{"no time left", failed(failure.Timeout), NoAnswer},
		{"silence", failed(failure.Stalled), NoAnswer},
		{"a reset", failed(failure.Reset), NoAnswer},
		{"a close", failed(failure.Truncated), NoAnswer},
		{"a reset within an answer", Answer{Responded: true, Failure: failure.New(failure.Reset, "x")}, Erroring},
		{"nonsense", Answer{Responded: true, Failure: failure.New(failure.Protocol, "x")}, Erroring},
		{"a cancel", failed(failure.Canceled), Unknown},
		{"a blocked address", failed(failure.BlockedAddress), Unknown},
		{"a full disk", failed(failure.IO), Unknown},
	} {
		if got := healthOf(p, &tt.in); got != tt.want {
			t.Errorf("%s says %d, want %d", tt.name, got, tt.want)
		}
	}
	wanted := policyWith(func(p *Policy) { p.AcceptStatus = Statuses{{429, 429}} })
	if got := healthOf(wanted, &Answer{Status: 429}); got != Healthy {
		t.Errorf("a 429 that is wanted says %d", got)
	}
}
