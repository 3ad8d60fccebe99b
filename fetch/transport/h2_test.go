package transport

import (
	"testing"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/fdlimit"
)

// TestPingTimeWithBandwidth: where the bandwidth is limited, the acknowledgement of a ping may be queued behind bytes
// that wait for it.
func TestPingTimeWithBandwidth(t *testing.T) {
	for _, tt := range []struct {
		bandwidth   float64
		concurrency int
		least, most time.Duration
	}{
		{0, 50, usualPingTime, usualPingTime},
		{1e9, 50, usualPingTime, usualPingTime + time.Second},
		{100e3, 50, 2 * time.Minute, 3 * time.Minute},
		{1, fdlimit.MaxExchanges, usualPingTime + conn.MaxWait, usualPingTime + conn.MaxWait},
	} {
		got := pingTime(tt.bandwidth, tt.concurrency)
		if got < tt.least || got > tt.most {
			t.Errorf("%g bytes/s: %s, want %s to %s", tt.bandwidth, got, tt.least, tt.most)
		}
	}
}
