package judge

import (
	"errors"
	"net/http"

	"batchfetch/fetch/failure"
)

// retryIfWorth turns a Verdict with a Failure into a Retry, where the failure is worth one and the policy allows one.
func (p *Policy) retryIfWorth(t Trial, v Verdict, worth bool, chance float64) Verdict {
	never := v.Failure.Kind == failure.Canceled || v.Failure.Kind == failure.BlockedAddress
	if !worth || never || t.Attempts > p.Retries {
		return v
	}
	if !p.mayRepeat(t) {
		v.Failure = sentOnce(t, v.Failure)
		return v
	}
	delay := Backoff(t.Attempts, p.RetryDelay, p.RetryMaxDelay, chance)
	if p.RetryMaxTime > 0 && t.Elapsed+delay > p.RetryMaxTime {
		return v
	}
	v.Fate, v.Delay = Retry, delay
	return v
}

// mayRepeat reports whether a request may be sent twice: by Trial.Retry, else by the policy, else by its method.
func (p *Policy) mayRepeat(t Trial) bool {
	if t.Retry != nil {
		return *t.Retry
	}
	return p.RetryUnsafe || isIdempotent(t.Method)
}

// sentOnce returns the failure of a request that is not repeated for its method, as one that names the option for it.
func sentOnce(t Trial, f *failure.Failure) *failure.Failure {
	if t.Retry != nil || f.Option != "" {
		return f
	}
	named := *f
	named.Option = failure.RetryUnsafe
	return &named
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
