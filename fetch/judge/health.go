package judge

import (
	"errors"
	"net/http"

	"batchfetch/fetch/failure"
)

// Health is the state of a host as far as one exchange shows it.
type Health uint8

// The states of a host.
const (
	Unknown    Health = iota // the exchange was cancelled, or did not reach the host
	Healthy                  // the response is accepted, or a redirect
	Erroring                 // a response came that is the page's trouble, a 4xx, 501 or 505, or a part of one
	Overloaded               // a 5xx that is not accepted: the page's trouble, or the host has too much to do
	Refused                  // the host refused the request for a limit: Verdict.Refusal
	NoAnswer                 // no byte of a response came
)

// healthOf is the Health that an Answer shows that is no refusal.
func healthOf(p *Policy, a *Answer) Health {
	switch {
	case a.IsShort():
		return Unknown
	case a.Status == 0 && a.Responded:
		return Erroring
	case a.Status == 0:
		return healthOfFailure(a.Failure)
	case a.Status >= 500 && a.Status <= 599 && !p.AcceptStatus.Has(a.Status) && !isUnsupported(a.Status):
		return Overloaded
	case a.Failure == nil && (p.AcceptStatus.Has(a.Status) || IsRedirect(a.Status)):
		return Healthy
	}
	return Erroring
}

// isUnsupported reports whether a 5xx is about what is requested, whatever load the host has: 501, by which servers of
// files such as mini-httpd, webfs and that of Python answer POST, and 505 (RFC 9110 sections 15.6.2 and 15.6.6).
func isUnsupported(status int) bool {
	return status == http.StatusNotImplemented || status == http.StatusHTTPVersionNotSupported
}

// healthOfFailure is the Health after an exchange without a response: NoAnswer, or Unknown where the cause is not the
// host, such as a proxy that refused the connection.
func healthOfFailure(f *failure.Failure) Health {
	var refusal *failure.ProxyRefusal
	if f == nil || errors.As(f, &refusal) {
		return Unknown
	}
	switch f.Kind {
	case failure.DNS, failure.Connect, failure.TLS, failure.Timeout, failure.Stalled, failure.Reset, failure.Truncated,
		failure.Protocol:
		return NoAnswer
	}
	return Unknown
}
