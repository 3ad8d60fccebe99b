package judge

import (
	"math"
	"testing"
	"time"
)

// TestBackoff: the bound doubles with each attempt, up to the most, and chance scales it.
func TestBackoff(t *testing.T) {
	const most = time.Minute
	for _, tt := range []struct {
		name    string
		attempt int
		first   time.Duration
		chance  float64
		want    time.Duration
	}{
		{"the first wait may be nothing", 1, time.Second, 0, 0},
		{"and nearly its bound", 1, time.Second, 0.75, 750 * time.Millisecond},
		{"doubles", 3, time.Second, 0.5, 2 * time.Second},
		{"is bounded", 7, time.Second, 0.5, 30 * time.Second},
		{"stays bounded for ever", math.MaxInt32, time.Second, 0.5, 30 * time.Second},
		{"a first wait over the bound is bounded", 1, time.Hour, 0.5, 30 * time.Second},
		{"no delay is no delay", 5, 0, 0.99, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := Backoff(tt.attempt, tt.first, most, tt.chance); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
