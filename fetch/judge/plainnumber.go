package judge

import (
	"math"
	"strings"
	"time"
)

// A number is one member of a list such as "100, 100;w=60".
type number struct {
	value  float64
	window time.Duration // the parameter w; 0 is none
}

// parseNumbers parses a list of numbers. Where one member is no number the list is empty.
func parseNumbers(text string) []number {
	text = boundText(text)
	if text == "" {
		return nil
	}
	var numbers []number
	for member := range strings.SplitSeq(text, ",") {
		first, rest, _ := strings.Cut(member, ";")
		value, ok := parseNumber(strings.TrimSpace(first))
		if !ok {
			return nil
		}
		n := number{value: value}
		for part := range strings.SplitSeq(rest, ";") {
			key, text, _ := strings.Cut(strings.TrimSpace(part), "=")
			if seconds, ok := parseNumber(text); ok && strings.EqualFold(key, "w") {
				n.window = boundWait(seconds)
			}
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// splitResets returns the resets of n quotas: the members of a list of n, else the whole text.
func splitResets(text string, n int) []string {
	text, _, _ = strings.Cut(boundText(text), ";")
	if parts := strings.Split(text, ","); n > 1 && len(parts) == n {
		for i := range parts {
			parts[i] = strings.TrimSpace(parts[i])
		}
		return parts
	}
	return []string{text}
}

// wholeNumber returns a number without its fraction, from -1 to a bound that sums don't overflow.
func wholeNumber(n float64) int64 {
	return int64(math.Floor(min(max(n, -1), 1<<52)))
}
