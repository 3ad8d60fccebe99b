package judge

import (
	"errors"
	"net/http"

	"batchfetch/fetch/failure"
)

// mayRepeat reports whether a request may be sent twice: by Trial.Retry, else by the policy, else by its method.
func (p *Policy) mayRepeat(t *Trial) bool {
	if t.Retry != nil {
		return *t.Retry
	}
	return p.RetryUnsafe || isIdempotent(t.Method)
}

// isWorthRetry reports whether RetryOn has a failure. For a proxy that refused a tunnel the status counts, as for a
// server, but for 404: no resource is asked for by CONNECT. Privoxy 3.0 says so where it could not look the name up,
// also where its resolver did not answer.
func (p *Policy) isWorthRetry(f *failure.Failure) bool {
	var refusal *failure.ProxyRefusal
	if errors.As(f, &refusal) {
		return p.RetryOn.Statuses.Has(refusal.Status) ||
			refusal.Status == http.StatusNotFound && p.RetryOn.hasKind(failure.DNS)
	}
	return p.RetryOn.hasKind(f.Kind) || f.RetryAs != "" && p.RetryOn.hasKind(f.RetryAs)
}

// isIdempotent reports whether a method may be sent again where no response came (RFC 9110 section 9.2.2): of the
// extensions in IANA's registry of methods those that are safe, by which WebDAV lists and searches.
func isIdempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete,
		"PROPFIND", "REPORT", "SEARCH", "QUERY":
		return true
	}
	return false
}
