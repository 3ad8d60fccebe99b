package fetch

import (
	"maps"
	"net/http"
	"slices"
)

// headerValues are the values that one reading had: of Options.Header, and of each of Options.Hosts, as far as these
// are renewed. They are not written to, and a value that has not changed since the reading before is the same slice.
type headerValues struct{ headers []http.Header }

// isUsedIn reports whether h has a value of v.
func (v *headerValues) isUsedIn(h http.Header) bool {
	for _, header := range v.headers {
		for name, value := range header {
			if isSame(h[name], value) {
				return true
			}
		}
	}
	return false
}

// with returns v with the values that headers have under the same names; v itself where those are equal. A name that
// they do not have, as of a file that is being written, keeps its values.
func (v *headerValues) with(headers []http.Header) *headerValues {
	next := v
	for i, header := range v.headers {
		renewed := maps.Clone(header)
		for name, old := range header {
			if value := headers[i][name]; len(old) > 0 && len(value) > 0 && !slices.Equal(value, old) {
				renewed[name] = value
				if next == v {
					next = &headerValues{slices.Clone(v.headers)}
				}
				next.headers[i] = renewed
			}
		}
	}
	return next
}

// isSame reports whether two values are one slice, and not only equal; an empty one is none.
func isSame(a, b []string) bool { return len(a) > 0 && len(b) > 0 && &a[0] == &b[0] }
