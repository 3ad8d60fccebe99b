package transport

import (
	"testing"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/fdlimit"
)

// TestPingTime: a dead connection is found before exchanges over it stall. Where the bandwidth is limited, the
// acknowledgement of a ping may be queued behind bytes that wait for it.
func TestPingTimeWithBandwidth(t *testing.T) {
	for _, tt := range []struct {
		stall       time.Duration
		bandwidth   float64
		concurrency int
		least, most time.Duration
	}{
		{0, 0, 50, usualPingTime, usualPingTime},
		{30 * time.Second, 0, 50, 10 * time.Second, 10 * time.Second},
		{time.Hour, 0, 50, usualPingTime, usualPingTime},
		{time.Millisecond, 0, 50, leastPingTime, leastPingTime},
		{0, 1e9, 50, usualPingTime, usualPingTime + time.Second},
		{30 * time.Second, 1e9, 50, 10 * time.Second, 11 * time.Second},
		{0, 100e3, 50, 2 * time.Minute, 3 * time.Minute},
		{0, 1, fdlimit.MaxExchanges, usualPingTime + conn.MaxWait, usualPingTime + conn.MaxWait},
	} {
		got := pingTime(tt.stall, tt.bandwidth, tt.concurrency)
		if got < tt.least || got > tt.most {
			t.Errorf("stall timeout %s, %g bytes/s: %s, want %s to %s", tt.stall, tt.bandwidth, got, tt.least, tt.most)
		}
	}
}
