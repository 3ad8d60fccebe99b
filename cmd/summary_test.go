package cmd

import (
	"testing"

	"batchfetch/cmd/parse"
)

// TestPerSecond: the bandwidth in the summary is a text that --bandwidth reads as the same value.
func TestPerSecond(t *testing.T) {
	for bytes, want := range map[float64]string{1: "1", 999: "999", 1000: "1k", 1.5e6: "1.5M", 10e6: "10M", 2e9: "2G"} {
		got := formatBandwidth(bytes)
		if got != want {
			t.Errorf("%g is %s, want %s", bytes, got, want)
		}
		if back, err := parse.Bandwidth(got); err != nil || back != bytes {
			t.Errorf("%s is read as %g, %v", got, back, err)
		}
	}
}
