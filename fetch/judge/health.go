package judge

import (
	"errors"

	"batchfetch/fetch/failure"
)

// Health is what one exchange says about its host.
type Health uint8

// The states of a host, as far as one exchange tells.
const (
	Unknown   Health = iota // nothing: the exchange was cancelled, or never reached the host
	Healthy                 // an accepted answer, or a redirect
	Erroring                // any other answer, a broken one included
	Throttled               // an answer that asks for fewer requests: 429 or 503, where those are not accepted
	NoAnswer                // no byte of an answer came
)

// healthOf says what an answer tells about its host.
func healthOf(p *Policy, a *Answer) Health {
	switch {
	case a.Status == 0 && a.Responded:
		return Erroring
	case a.Status == 0:
		return healthOfFailure(a.Failure)
	case concernsHost(a.Status) && !p.AcceptStatus.Has(a.Status):
		return Throttled
	case a.Failure == nil && (p.AcceptStatus.Has(a.Status) || IsRedirect(a.Status)):
		return Healthy
	}
	return Erroring
}

// healthOfFailure tells a host that gave no answer from an exchange that says nothing about its host,
// such as one that a proxy refused.
func healthOfFailure(f *failure.Failure) Health {
	var refusal *failure.ProxyRefusal
	if f == nil || errors.As(f, &refusal) {
		return Unknown
	}
	switch f.Kind {
	case failure.DNS, failure.Connect, failure.TLS, failure.Timeout, failure.Stalled, failure.Reset, failure.Truncated, failure.Protocol:
		return NoAnswer
	}
	return Unknown
}
