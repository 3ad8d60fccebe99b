package transport

import (
	"net/http"
	"net/url"
)

// A Target is what one exchange asks, and where.
type Target struct {
	URL        *url.URL
	Origin     string // its origin, scheme://host:port with the default port left out (RFC 6454 section 4): the lane's key
	Method     string
	Header     http.Header // as the user gave it: shared, and never written to
	Body       []byte      // nil is none
	PublicOnly bool        // only a public address may be asked: a public page named it
}

// isReplayable reports whether asking twice is as good as once: by the method (RFC 9110 section 9.2.2), or the user's word
// (draft-ietf-httpapi-idempotency-key-header).
func (t *Target) isReplayable() bool {
	switch t.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return len(t.Header["Idempotency-Key"]) > 0 || len(t.Header["X-Idempotency-Key"]) > 0
}

// hostHeader returns the Host header that is sent: the user's, or that of the URL.
func (t *Target) hostHeader() string {
	if own := t.Header["Host"]; len(own) > 0 {
		return own[0]
	}
	return t.URL.Host
}
