package h3

import (
	"testing"
	"time"

	"github.com/quic-go/quic-go"
)

// TestPace: a connection is slow where little is under way at once, and neither a queue nor the server's slowness, nor
// a short way, is the cause.
func TestPace(t *testing.T) {
	for _, tt := range []struct {
		name         string
		second       uint64 // bytes in a second
		rtt, minimum time.Duration
		want         bool
	}{
		{"2 % loss", 160_000, 105 * time.Millisecond, 100 * time.Millisecond, true},
		{"no loss", 2_000_000, 105 * time.Millisecond, 100 * time.Millisecond, false},
		{"a thin pipe with a queue", 100_000, 180 * time.Millisecond, 100 * time.Millisecond, false},
		{"little is asked for", 10_000, 100 * time.Millisecond, 100 * time.Millisecond, false},
		{"a short way", 160_000, 2 * time.Millisecond, 2 * time.Millisecond, false},
		{"no round trip is known", 160_000, 0, 0, false},
	} {
		var p pace
		stats := func(bytes uint64) func() quic.ConnectionStats {
			return func() quic.ConnectionStats {
				return quic.ConnectionStats{BytesReceived: bytes, SmoothedRTT: tt.rtt, MinRTT: tt.minimum}
			}
		}
		now := time.Now()
		if p.isSlow(now, stats(1_000_000)) || p.isSlow(now.Add(sampleTime/2), stats(2_000_000)) {
			t.Errorf("%s: slow too soon", tt.name)
		}
		if got := p.isSlow(now.Add(sampleTime), stats(1_000_000+tt.second)); got != tt.want {
			t.Errorf("%s: slow %v", tt.name, got)
		}
		if p.isSlow(now.Add(2*sampleTime), stats(1_000_000+2*tt.second)) && tt.want {
			t.Errorf("%s: found again", tt.name)
		}
	}
}
