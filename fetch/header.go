package fetch

import (
	"net/http"
	"slices"
	"strings"
)

// mergeHeaders returns base with the values of over in place of its own; a nil value in over removes the header. Both
// are left as they are.
func mergeHeaders(base, over http.Header) http.Header {
	merged := make(http.Header, len(base)+len(over))
	for name, values := range base {
		merged[name] = values
	}
	for name, values := range over {
		if values == nil {
			delete(merged, name)
			if name == "User-Agent" {
				merged[name] = []string{""}
			}
			continue
		}
		merged[name] = values
	}
	return merged
}

// isContentHeader reports whether a header describes the request's body.
func isContentHeader(name string) bool {
	return strings.HasPrefix(name, "Content-")
}

// isDroppedAcrossOrigins reports whether a header is not sent to another origin by a redirect: any is but Accept*,
// User-Agent, Range and, with a body that is sent again, those that describe it.
func isDroppedAcrossOrigins(name string) bool {
	switch name {
	case "User-Agent", "Range", "Content-Type", "Content-Encoding", "Content-Language",
		"Want-Content-Digest", "Want-Repr-Digest":
		return false
	}
	return !strings.HasPrefix(name, "Accept")
}

// withoutHeaders returns h without the headers for whose names drop is true. h is left as it is.
func withoutHeaders(h http.Header, drop func(name string) bool) http.Header {
	kept := make(http.Header, len(h))
	for name, values := range h {
		if !drop(name) {
			kept[name] = values
		}
	}
	return kept
}

// sortedNames returns the names in h in the order of their bytes.
func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
