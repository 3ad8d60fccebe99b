package fetch

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/transport"
)

// RequestSettings are the settings of one Request, and of the redirects and pages that follow from it, in place of the
// run's Options and of the HostSettings. A field that is nil leaves those. They are not written to.
type RequestSettings struct {
	// Timeout is in place of Options.Timeout; 0 is no limit.
	Timeout *time.Duration
	// AcceptStatus is in place of Options.AcceptStatus; nil leaves that.
	AcceptStatus judge.Statuses
	// MaxBody is in place of Options.MaxBody; at least 1.
	MaxBody *int64
	// Proxy is in place of Options.HTTPProxy and HTTPSProxy; empty is no proxy. Options.NoProxy holds for it too. With
	// PrivateDeny or a UnixSocket it is a mistake.
	Proxy *string
}

// check returns what is wrong with the settings; nil is nothing. No error repeats a proxy, which may have a password.
func (s *RequestSettings) check() error {
	if s == nil {
		return nil
	}
	if s.Timeout != nil && *s.Timeout < 0 {
		return fmt.Errorf("timeout is %s, must not be negative", *s.Timeout)
	}
	if s.MaxBody != nil && *s.MaxBody < 1 {
		return fmt.Errorf("max_body is %d, must be at least 1", *s.MaxBody)
	}
	if s.Proxy == nil {
		return nil
	}
	if strings.Contains(*s.Proxy, redact.Placeholder+"@") {
		return fmt.Errorf("the proxy's user and password are masked as %s; give them by flag or environment",
			redact.Placeholder)
	}
	if err := dial.CheckProxy(*s.Proxy); err != nil {
		return fmt.Errorf("proxy %w", err)
	}
	return nil
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

// forRequest returns the targeter of a Request for the URL of a target, and the name of its lane: see forURL. Where the
// Request has Settings it is one of its own, and those of connections are set in the target.
func (tg *targeter) forRequest(r *Request, to *transport.Target) (of *targeter, lane string) {
	of, lane = tg.forURL(to.Origin, to.URL)
	if r.Settings == nil {
		return of, lane
	}
	own := *of
	own.options = r.Settings.applyTo(of.options)
	own.policy = own.options.policy()
	to.Timeout = r.Settings.Timeout
	if r.Settings.Proxy != nil {
		to.Route = transport.NewRoute(*r.Settings.Proxy, own.options.NoProxy)
	}
	return &own, lane
}
