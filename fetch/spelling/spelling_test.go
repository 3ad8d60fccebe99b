package spelling

import (
	"strings"
	"testing"
)

// TestNearest: letters too many, too few, swapped or wrong, words that are cut short, those that are like nothing,
// and those that are too long.
func TestNearest(t *testing.T) {
	words := []string{"retries", "retry-on", "retry-delay", "host-rate", "host-concurrency", "url", "id", "body_base64",
		strings.Repeat("l", maxWord)}
	for word, want := range map[string]string{
		"retires":     "retries",
		"retry":       "retry-on", // a beginning, or two letters more
		"retrys":      "retries",
		"host_rate":   "host-rate",
		"HOST-RATE":   "host-rate",
		"hostrate":    "host-rate",
		"host-conc":   "host-concurrency",
		"URL":         "url",
		"ulr":         "", // two of three letters
		"urls":        "url",
		"ID":          "id",
		"xy":          "",
		"":            "",
		"body-base64": "body_base64",
		"json":        "",

		strings.Repeat("l", maxWord-1):       strings.Repeat("l", maxWord),
		strings.Repeat("l", maxWord+1):       "",
		strings.Repeat("retries", 1_000_000): "",
	} {
		if got := Nearest(word, words); got != want {
			t.Errorf("%.20s is near %q, want %q", word, got, want)
		}
	}
}
