package fetch

import (
	"net/http"
	"strings"
	"testing"
)

// TestOneHost: a request has one Host (RFC 9112 section 3.2), whether it comes from the Options or from the settings of
// a host; other headers may have several values.
func TestOneHost(t *testing.T) {
	for name, good := range map[string]bool{"Host": false, "X-Forwarded-Host": true, "Accept": true} {
		header := http.Header{name: {"a.test", "b.test"}}
		o := options(func(o *Options) { o.Header = header })
		_, err := NewHostRules([]HostRule{{Pattern: "a.test", HostSettings: HostSettings{Header: header}}})
		for of, err := range map[string]error{"the Options": o.Validate(), "a host": err} {
			if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "header Host is given twice") {
				t.Errorf("%s twice in %s: %v", name, of, err)
			}
		}
	}
}
