package redact

import (
	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/failure"
)

// HeaderName returns the start of a header name for an error message, at most 64 bytes: up to the first character that
// is no token character (RFC 9110 section 5.6.2), since a secret may follow it, such as a header's value.
func HeaderName(name string) string {
	for i := range len(name) {
		if !httpguts.IsTokenRune(rune(name[i])) {
			return failure.Clip(name[:i], 64)
		}
	}
	return failure.Clip(name, 64)
}
