package fetch

import (
	"net/http"
	"net/url"
)

// A Target is what one exchange asks, and where.
type Target struct {
	url    *url.URL
	host   string // its origin, scheme://host:port with the default port left out (RFC 6454 section 4): the lane's key
	method string
	header http.Header // as the user gave it: shared, and never written to
	body   []byte      // nil is none
	wary   bool        // only a public address may be asked: a public page named it
}

// isReplayable reports whether asking twice is as good as once: by the method (RFC 9110 section 9.2.2), or the user's word
// (draft-ietf-httpapi-idempotency-key-header).
func (t *Target) isReplayable() bool {
	switch t.method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return len(t.header["Idempotency-Key"]) > 0 || len(t.header["X-Idempotency-Key"]) > 0
}

// hostHeader returns the Host header that is sent: the user's, or that of the URL.
func (t *Target) hostHeader() string {
	if own := t.header["Host"]; len(own) > 0 {
		return own[0]
	}
	return t.url.Host
}
