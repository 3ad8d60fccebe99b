package judge

import "net/http"

// polls reports whether a response means that it is not ready yet, and is asked for again. That to a request that asks
// for something to be done (a job) is judged like any other, as the request again would do it again: only where the
// policy or the request's line allows that, and the response does not name the place of its result, it is asked for.
func (p *Policy) polls(t *Trial, status int, h http.Header) bool {
	switch {
	case len(p.Poll) == 0 || !p.Poll.Has(status) || !p.mayRepeat(t):
		return false
	case isSafe(t.Method):
		return true
	}
	return (p.RetryUnsafe || t.Retry != nil) && !namesResult(h)
}

// isSafe reports whether a method only asks for something (RFC 9110 section 9.2.1).
func isSafe(method string) bool {
	return isIdempotent(method) && method != http.MethodPut && method != http.MethodDelete
}

// namesResult reports whether a response names where the result of a request will be.
func namesResult(h http.Header) bool {
	for _, name := range [...]string{"Location", "Content-Location", "Operation-Location", "Azure-Asyncoperation"} {
		if len(h[name]) > 0 {
			return true
		}
	}
	return false
}
