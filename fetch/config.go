package fetch

import (
	"net/http"
	"unicode/utf8"
)

// method is the method that r is asked with: its own, else that of the Options, else POST where there is a body, else
// GET.
func (o *Options) method(r *Request, hasBody bool) string {
	switch {
	case r.Method != "":
		return r.Method
	case o.Method != "":
		return o.Method
	case hasBody:
		return http.MethodPost
	}
	return http.MethodGet
}

// complete adds to a Request that failed what the Options made it ask for, so that its Record asks the same again.
// Headers stay out: they may be secret.
func (o *Options) complete(r *Request) {
	if r.Method == "" {
		r.Method = o.Method
	}
	if r.Body == nil && o.Body != nil {
		r.Body, r.BodyForm = o.Body, BodyText
		if !utf8.Valid(o.Body) {
			r.BodyForm = BodyBase64
		}
	}
}

// AppendAsked is Request.AppendAsked with the method and the body that the Options make of r. Headers that go to every
// request are left out, so that a run with a new token asks the same as the one before.
func (o *Options) AppendAsked(text []byte, r *Request) []byte {
	whole := *r
	o.complete(&whole)
	whole.Method = o.method(&whole, whole.Body != nil)
	return whole.AppendAsked(text)
}

// over returns o as it is for a host with these settings.
func (s *HostSettings) over(o *Options) *Options {
	own := *o
	own.Hosts = nil
	own.Header = make(http.Header, len(o.Header)+len(s.Header))
	for name, values := range o.Header {
		own.Header[name] = values
	}
	if s.hasLogin() {
		own.Username, own.Password = s.Username, s.Password
		delete(own.Header, "Authorization")
	}
	for name, values := range s.Header {
		own.Header[name] = values
	}
	own.HostConcurrency = or(s.Concurrency, o.HostConcurrency)
	own.HostRate = or(s.Rate, o.HostRate)
	own.ConnectTimeout = or(s.ConnectTimeout, o.ConnectTimeout)
	own.StallTimeout = or(s.StallTimeout, o.StallTimeout)
	own.Timeout = or(s.Timeout, o.Timeout)
	own.Retries = or(s.Retries, o.Retries)
	return &own
}

// policy is what the Options say about answers and retries. It is made once for each targeter: see targeter.policy.
func (o *Options) policy() policy {
	return policy{
		AcceptStatus:  o.AcceptStatus,
		MaxRedirects:  o.MaxRedirects,
		Retries:       o.Retries,
		RetryOn:       o.RetryOn,
		RetryDelay:    o.RetryDelay,
		RetryMaxDelay: o.RetryMaxDelay,
		RetryMaxTime:  o.RetryMaxTime,
		RetryUnsafe:   o.RetryUnsafe,
		Adaptive:      o.Adaptive,
	}
}

// limits is what the Options say about when a Task may start, and how many may wait in memory.
func (o *Options) limits() limits {
	return limits{
		Concurrency:   o.Concurrency,
		Lookahead:     o.Lookahead,
		Rate:          o.Rate,
		SpillBytes:    o.Aside,
		Adaptive:      o.Adaptive,
		HostMaxErrors: o.HostMaxErrors,
		RetryDelay:    o.RetryDelay,
		RetryMaxDelay: o.RetryMaxDelay,
		Host:          o.hostLimits,
	}
}

// hostLimits returns the limits of one origin: its own, or else the run's.
func (o *Options) hostLimits(origin string) (concurrency int, rate float64) {
	own := o.Hosts.Of(origin)
	if own == nil {
		return o.HostConcurrency, o.HostRate
	}
	return or(own.Concurrency, o.HostConcurrency), or(own.Rate, o.HostRate)
}
