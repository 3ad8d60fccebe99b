package fetch

import "errors"

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
func healthOf(p *policy, a *Answer) Health {
	switch {
	case a.Status == 0 && a.Responded:
		return Erroring
	case a.Status == 0:
		return healthOfFailure(a.Failure)
	case concernsHost(a.Status) && !p.AcceptStatus.Has(a.Status):
		return Throttled
	case a.Failure == nil && (p.AcceptStatus.Has(a.Status) || isRedirect(a.Status)):
		return Healthy
	}
	return Erroring
}

// healthOfFailure tells a host that gave no answer from an exchange that says nothing about its host,
// such as one that a proxy refused.
func healthOfFailure(f *Failure) Health {
	var refusal *proxyRefusal
	if f == nil || errors.As(f, &refusal) {
		return Unknown
	}
	switch f.Kind {
	case DNS, Connect, TLS, Timeout, Stalled, Reset, Truncated, Protocol:
		return NoAnswer
	}
	return Unknown
}
