package judge

import (
	"strings"
	"time"
)

// readCounted adds the quotas of two fields that are lists of a number and the seconds of its window: what a window has
// (Riot Games' X-App-Rate-Limit: 20:1,100:120), and how much of it is used (X-App-Rate-Limit-Count: 3:1,57:120).
func readCounted(a *announcement, limitName, limitText, countName, countText string) {
	counts := parseCounted(countText)
	for window, limit := range parseCounted(limitText) {
		used, told := counts[window]
		if !told || limit < 1 {
			continue
		}
		q := Quota{Policy: limitName + " " + window.String(), Remaining: limit - used, Limit: limit, Interval: window}
		if q.Remaining <= 0 {
			q.Reset, q.Rounded = min(window, unknownReset), true
		}
		a.believe(q, countsRequests(limitName), limitName, countName)
	}
}

// parseCounted parses a list such as 20:1,100:120, to numbers by their windows. A member that makes no sense is left
// out.
func parseCounted(text string) map[time.Duration]int64 {
	numbers := make(map[time.Duration]int64)
	for member := range strings.SplitSeq(boundText(text), ",") {
		first, second, _ := strings.Cut(strings.TrimSpace(member), ":")
		n, ok1 := parseNumber(first)
		seconds, ok2 := parseNumber(second)
		window := boundWait(seconds)
		if ok1 && ok2 && n >= 0 && window > 0 && window <= longestReset && len(numbers) < maxQuotas {
			numbers[window] = wholeNumber(n)
		}
	}
	return numbers
}
