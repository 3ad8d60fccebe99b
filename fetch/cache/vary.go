package cache

import (
	"net/http"
	"slices"
	"strings"
)

// mostNames is how many request headers may select a response; one that varies by more is not stored.
const mostNames = 16

// variesByAll reports whether a response varies by more than headers: Vary is * (RFC 9110 section 12.5.5).
func variesByAll(vary []string) bool {
	for _, line := range vary {
		for name := range strings.SplitSeq(line, ",") {
			if strings.TrimSpace(name) == "*" {
				return true
			}
		}
	}
	return false
}

// varyNames returns the request headers that Vary lists, canonical and sorted, without *.
func varyNames(vary []string) []string {
	var names []string
	for _, line := range vary {
		for name := range strings.SplitSeq(line, ",") {
			if name = http.CanonicalHeaderKey(strings.TrimSpace(name)); name != "" && name != "*" && len(names) <= mostNames {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// containsAll reports whether all of some are in all.
func containsAll(all, some []string) bool {
	for _, name := range some {
		if !slices.Contains(all, name) {
			return false
		}
	}
	return true
}
