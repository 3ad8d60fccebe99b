package redact

import (
	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/failure"
)

// HeaderName returns the start of a header name, up to the first character that no name can hold: behind it may stand a secret.
func HeaderName(name string) string {
	for i := range len(name) {
		if !httpguts.IsTokenRune(rune(name[i])) {
			return failure.Clip(name[:i], 64)
		}
	}
	return failure.Clip(name, 64)
}
