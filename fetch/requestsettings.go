package fetch

import (
	"fmt"
	"strings"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
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
