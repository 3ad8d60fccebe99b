package fetch

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/plan"
	"batchfetch/fetch/transport"
)

// method returns the method of a request for r: its own, else Options.Method, else POST where there is a body, else
// GET, or HEAD with Options.HeadOnly.
func (o *Options) method(r *Request, hasBody bool) string {
	switch {
	case r.Method != "":
		return normalMethod(r.Method)
	case o.Method != "":
		return normalMethod(o.Method)
	case hasBody:
		return http.MethodPost
	case o.HeadOnly:
		return http.MethodHead
	}
	return http.MethodGet
}

// normalMethod returns a method in capital letters where that is one of the usual, as fetch of browsers does (Fetch
// Standard section 2.2.1, "normalize a method", and PATCH): servers refuse them in others. Methods are case-sensitive
// (RFC 9110 section 9.1): others stay as they are.
func normalMethod(method string) string {
	switch upper := strings.ToUpper(method); upper {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions:
		return upper
	}
	return method
}

// complete adds the method and the body of the Options to a Request that failed, so that its Record, as a line of an
// input, requests the same again. Headers stay out: they may be secret.
func (o *Options) complete(r *Request) {
	if r.Method == "" {
		r.Method = o.Method
	}
	if r.Body == nil && o.Body != nil && r.Page <= 1 {
		r.Body, r.BodyForm = o.Body, BodyText
		if !utf8.Valid(o.Body) {
			r.BodyForm = BodyBase64
		}
	}
}

// DivideRates divides Rate, HostRate and the Rates of Hosts among n runs that share them, n at least 1.
func (o *Options) DivideRates(n int) {
	o.Rate /= float64(n)
	o.HostRate /= float64(n)
	o.Hosts = o.Hosts.divide(float64(n))
	if renew := o.RenewHosts; renew != nil {
		o.RenewHosts = func(ctx context.Context) (*HostRules, bool) {
			renewed, ok := renew(ctx)
			return renewed.divide(float64(n)), ok
		}
	}
}

// AppendCanonical is Request.AppendCanonical with the method and the body that r gets from the Options. Headers of the
// Options are left out, so that a run with a new token requests the same as the one before.
func (o *Options) AppendCanonical(text []byte, r *Request) []byte {
	whole := *r
	o.complete(&whole)
	whole.Method = o.method(&whole, whole.Body != nil)
	return whole.AppendCanonical(text)
}

// applyTo returns the Options of a host with these settings: o with what s has in place of its own. o is not written
// to.
func (s *HostSettings) applyTo(o *Options) *Options {
	own := *o
	own.Hosts = nil
	own.Header = make(http.Header, len(o.Header)+len(s.Header))
	for name, values := range o.Header {
		own.Header[name] = values
	}
	switch {
	case s.hasLogin() || s.SigV4 != nil:
		own.Username, own.Password, own.Digest, own.SigV4 = s.Username, s.Password, s.Digest, s.SigV4
		delete(own.Header, "Authorization")
	case s.Digest:
		own.Digest, own.SigV4 = true, nil
	}
	for name, values := range s.Header {
		own.Header[name] = values
	}
	own.HostConcurrency = valueOr(s.Concurrency, o.HostConcurrency)
	own.HostRate = valueOr(s.Rate, o.HostRate)
	own.ConnectTimeout = valueOr(s.ConnectTimeout, o.ConnectTimeout)
	own.StallTimeout = valueOr(s.StallTimeout, o.StallTimeout)
	own.Timeout = valueOr(s.Timeout, o.Timeout)
	own.Retries = valueOr(s.Retries, o.Retries)
	own.RetryOn = valueOr(s.RetryOn, o.RetryOn)
	own.RetryMaxDelay = valueOr(s.RetryMaxDelay, o.RetryMaxDelay)
	own.ThrottleOn = valueOr(s.ThrottleOn, o.ThrottleOn)
	own.AcceptStatus = valueOr(s.AcceptStatus, o.AcceptStatus)
	return &own
}

// policy returns what the Options say about responses and retries. It is called once for each targeter.
func (o *Options) policy() judge.Policy {
	return judge.Policy{
		AcceptStatus:  o.AcceptStatus,
		MaxRedirects:  o.MaxRedirects,
		Retries:       o.Retries,
		RetryOn:       o.RetryOn,
		RetryDelay:    o.RetryDelay,
		RetryMaxDelay: o.RetryMaxDelay,
		RetryMaxTime:  o.RetryMaxTime,
		RetryUnsafe:   o.RetryUnsafe,
		ThrottleOn:    o.ThrottleOn,
		Poll:          o.Poll,
		PollTime:      o.PollTime,
		Explain:       o.Log != nil,
		Adaptive:      o.Adaptive,
	}
}

// limits returns what the Options say about when a Task may start, and how many may wait in memory.
func (o *Options) limits() plan.Limits {
	return plan.Limits{
		Concurrency:   o.Concurrency,
		Idle:          fdlimit.Idle(o.Concurrency),
		Lookahead:     o.Lookahead,
		Rate:          o.Rate,
		SpillBytes:    o.Aside,
		Adaptive:      o.Adaptive,
		HostMaxErrors: o.HostMaxErrors,
		RetryDelay:    o.RetryDelay,
		Shared:        o.Limiter != nil,
		Host:          o.hostLimits,
	}
}

// hostLimits returns the limits of a lane, which is one of an origin, or of a part of it: its name is then followed by
// the path of the HostRule. They are its own, or else its origin's, or else the run's.
func (o *Options) hostLimits(lane string) plan.HostLimits {
	origin, path := splitLane(lane)
	limits := plan.HostLimits{Concurrency: o.HostConcurrency, Rate: o.HostRate, RetryMaxDelay: o.RetryMaxDelay}
	part, _ := o.Hosts.OfPath(origin, path)
	for _, own := range [...]*HostSettings{o.Hosts.Of(origin), part} {
		if own != nil {
			limits.Concurrency = valueOr(own.Concurrency, limits.Concurrency)
			limits.Rate = valueOr(own.Rate, limits.Rate)
			limits.RetryMaxDelay = valueOr(own.RetryMaxDelay, limits.RetryMaxDelay)
		}
	}
	if own := cmp.Or(part, o.Hosts.Of(origin)); own != nil && own.Share != "" {
		limits.Share = own.Share
		if rate, limited := o.Hosts.rates[own.Share]; limited {
			limits.Rate = rate
		} else {
			limits.Rate = o.HostRate
		}
	}
	if o.Hosts.hasPaths(origin) {
		limits.Within = origin
	}
	return limits
}

// splitLane returns the origin in the name of a lane, and the path; empty is none.
func splitLane(lane string) (origin, path string) {
	scheme, host, _ := strings.Cut(lane, "://")
	if slash := strings.IndexByte(host, '/'); slash >= 0 {
		at := len(scheme) + len("://") + slash
		return lane[:at], lane[at:]
	}
	return lane, ""
}

// transportConfig returns the configuration of a run's Transport over the network n.
func (o *Options) transportConfig(n dial.Network) transport.Config {
	dial := dial.Config{
		Network: n, Family: "tcp", UnixSocket: o.UnixSocket, Overrides: o.Resolve, UserAgent: o.UserAgent,
		NameTTL: o.NameTTL, Timeouts: o.dialTimeouts,
	}
	switch {
	case o.IPv4:
		dial.Family = "tcp4"
	case o.IPv6:
		dial.Family = "tcp6"
	}
	return transport.Config{
		HTTP: o.HTTP, TLS: o.TLS,
		Concurrency: o.Concurrency, HostConcurrency: o.Hosts.maxConcurrency(o.HostConcurrency), Bandwidth: o.Bandwidth,
		StallTimeout: o.Hosts.minStallTimeout(o.StallTimeout),
		HTTPProxy:    o.HTTPProxy, HTTPSProxy: o.HTTPSProxy, NoProxy: o.NoProxy,
		Private: o.Private, Dial: dial,
	}
}

// dialTimeouts returns the ConnectTimeout and the Timeout of an origin; 0 is no limit.
func (o *Options) dialTimeouts(origin string) (connect, exchange time.Duration) {
	connect, exchange = o.ConnectTimeout, o.Timeout
	if own := o.Hosts.Of(origin); own != nil {
		connect, exchange = valueOr(own.ConnectTimeout, connect), valueOr(own.Timeout, exchange)
	}
	return connect, exchange
}

// needsTiming reports whether the times of exchanges are asked for: in Records, or in the log.
func (o *Options) needsTiming() bool {
	return o.KeepTiming || o.Log != nil && (o.Slow > 0 || o.Log.Enabled(context.Background(), slog.LevelDebug))
}

// HostLimits returns the most exchanges per second, 0 being no limit, and the most at once that there may be with an
// origin.
func (o *Options) HostLimits(origin string) (rate float64, concurrency int) {
	limits := o.hostLimits(origin)
	return limits.Rate, limits.Concurrency
}

// applyTo returns o with what s has in place of its own. o is not written to.
func (s *RequestSettings) applyTo(o *Options) *Options {
	own := *o
	own.Timeout = valueOr(s.Timeout, o.Timeout)
	own.MaxBody = valueOr(s.MaxBody, o.MaxBody)
	if s.AcceptStatus != nil {
		own.AcceptStatus = s.AcceptStatus
	}
	if s.Proxy != nil {
		own.HTTPProxy, own.HTTPSProxy = *s.Proxy, *s.Proxy
	}
	return &own
}

// checkWithin returns why a Request with these settings can't be requested with the Options of the run.
func (s *RequestSettings) checkWithin(o *Options) error {
	switch {
	case s == nil || s.Proxy == nil || *s.Proxy == "":
		return nil
	case o.UnixSocket != "":
		return errors.New("proxy and --unix-socket exclude each other")
	case o.Private == dial.PrivateDeny:
		return errors.New("a proxy with --private deny: that can't be enforced behind one, which looks names up and " +
			"connects by itself")
	}
	return nil
}
