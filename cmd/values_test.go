package cmd

import (
	"fmt"
	"testing"
)

// TestParseBandwidth: a size a second, in every way to write one.
func TestParseBandwidth(t *testing.T) {
	for text, want := range map[string]float64{
		"1": 1, "500k": 500e3, "10M": 10e6, "10M/s": 10e6, "10MB/s": 10e6, "1Gi": 1 << 30, "1.5Mi/s": 1.5 * (1 << 20),
	} {
		if got, err := parseBandwidth(text); err != nil || got != want {
			t.Errorf("%s is %g, %v, want %g", text, got, err, want)
		}
	}
	for _, text := range []string{"", "/s", "0", "0k/s", "-1", "10M/m", "10M/s/s", "10 M", "NaN", "1e400", "M", "s"} {
		if got, err := parseBandwidth(text); err == nil {
			t.Errorf("%q is %g", text, got)
		}
	}
}

// TestRatesInEveryUnit: twenty a second is the same however it is written.
func TestRatesInEveryUnit(t *testing.T) {
	for _, text := range []string{"20/s", "1200/m", "72000/h", "1/50ms", "300/15s", "2/0.1s", "20.0/1s", "28800000/400h"} {
		if got, err := parseRate(text); err != nil || fmt.Sprintf("%.9f", got) != "20.000000000" {
			t.Errorf("%s is %g a second, %v", text, got, err)
		}
	}
}

// TestPerSecond: what the summary says of a bandwidth can be given as one.
func TestPerSecond(t *testing.T) {
	for bytes, want := range map[float64]string{1: "1", 999: "999", 1000: "1k", 1.5e6: "1.5M", 10e6: "10M", 2e9: "2G"} {
		got := perSecond(bytes)
		if got != want {
			t.Errorf("%g is %s, want %s", bytes, got, want)
		}
		if back, err := parseBandwidth(got); err != nil || back != bytes {
			t.Errorf("%s is read as %g, %v", got, back, err)
		}
	}
}
