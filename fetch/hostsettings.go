package fetch

import (
	"errors"
	"net/http"
	"time"

	"batchfetch/fetch/judge"
)

// HostSettings are the settings of one host in place of the run's Options. A field that is nil or empty leaves those of
// the run.
type HostSettings struct {
	// Concurrency is in place of Options.HostConcurrency; at least 1.
	Concurrency *int
	// Rate is in place of Options.HostRate, in exchanges per second; 0 is no limit.
	Rate *float64
	// Header is sent in place of the headers of the same name in Options.Header; a nil value removes a header. It is
	// sent with requests for URLs of the input only, unless there is a Login.
	Header http.Header
	// Username and Password are in place of Options.Username and Password, of an Authorization in Options.Header, and of
	// Digest and SigV4 there. They are sent where Header is.
	Username, Password string
	// Digest is Options.Digest for this host. With SigV4 or Bearer it is a mistake.
	Digest bool
	// SigV4 is in place of Options.SigV4. Its Keys are for where there is no Username.
	SigV4 *SigV4
	// Bearer is the token of an Authorization: Bearer in Header (RFC 6750); empty is none.
	Bearer string
	// Login says that Header, Username and Password go to the host, by https with GET and HEAD, wherever a chain of
	// redirects that led there began.
	Login bool
	// ConnectTimeout, StallTimeout and Timeout are in place of those of Options; 0 is no limit.
	ConnectTimeout, StallTimeout, Timeout *time.Duration
	// Retries is in place of Options.Retries; 0 is none.
	Retries *int
	// RetryOn, ThrottleOn, AcceptStatus and RetryMaxDelay are in place of those of Options.
	RetryOn                  *judge.RetryOn
	ThrottleOn, AcceptStatus *judge.Statuses
	RetryMaxDelay            *time.Duration
	// Share names the hosts that have one quota together: what any of them says of it, and of refusals, holds for all,
	// and so does the least Rate that any of them has. Empty is a quota of its own.
	Share string
}

// check calls wrong with each setting that can't be used, by its key.
func (s *HostSettings) check(wrong func(key string, err error)) {
	if s.Concurrency != nil && *s.Concurrency < 1 {
		wrong("concurrency", errors.New("must be at least 1"))
	}
	if s.Rate != nil && *s.Rate < 0 {
		wrong("rate", errors.New("must not be negative"))
	}
	if s.Retries != nil && *s.Retries < 0 {
		wrong("retries", errors.New("must not be negative"))
	}
	for _, span := range []struct {
		key   string
		value *time.Duration
	}{{"connect_timeout", s.ConnectTimeout}, {"stall_timeout", s.StallTimeout}, {"timeout", s.Timeout},
		{"retry_max_delay", s.RetryMaxDelay}} {
		if span.value != nil && *span.value < 0 {
			wrong(span.key, errors.New("must not be negative"))
		}
	}
	for _, name := range sortedNames(s.Header) {
		values := s.Header[name]
		if len(values) == 0 {
			values = []string{"x"} // any valid value: only the name is checked
		}
		if err := CheckHeader(name, values...); err != nil {
			wrong("headers", err)
		}
	}
	if s.Login && !s.hasLogin() && s.Header == nil && s.SigV4 == nil && s.Bearer == "" {
		wrong("login", errors.New("is for a user and password, a token, or headers"))
	}
	s.checkSchemes(wrong)
}

// checkSchemes calls wrong where a host has two logins, by the key of one of them.
func (s *HostSettings) checkSchemes(wrong func(key string, err error)) {
	_, given := s.Header["Authorization"]
	if given && s.hasLogin() {
		wrong("user", errors.New("and a header Authorization exclude each other"))
	}
	if given && s.Digest {
		wrong("digest", errors.New("and a header Authorization exclude each other"))
	}
	if s.SigV4 != nil && (given || s.Digest) {
		wrong("aws_sigv4", errors.New("excludes digest and a header Authorization"))
	}
	if s.SigV4 != nil && !s.hasLogin() && s.SigV4.ID == "" {
		wrong("aws_sigv4", errNoKeys)
	}
	if s.Bearer == "" {
		return
	}
	if given || s.hasLogin() || s.Digest || s.SigV4 != nil {
		wrong("oauth2_bearer", errors.New("excludes user and password, digest, aws_sigv4 and a header Authorization"))
	}
	if CheckHeader("Authorization", s.Bearer) != nil {
		wrong("oauth2_bearer", errors.New("holds a control character"))
	}
}

// errNoKeys is that there is nothing to sign requests with.
var errNoKeys = errors.New("needs a user and password, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in the " +
	"environment")

// checkOfPath calls wrong with each setting that a part of a host can't have, by its key.
func (s *HostSettings) checkOfPath(wrong func(key string, err error)) {
	for _, of := range [...]struct {
		key   string
		given bool
	}{
		{"headers", s.Header != nil}, {"user", s.Username != ""}, {"password", s.Password != ""},
		{"connect_timeout", s.ConnectTimeout != nil}, {"login", s.Login}, {"digest", s.Digest},
		{"aws_sigv4", s.SigV4 != nil}, {"oauth2_bearer", s.Bearer != ""},
	} {
		if of.given {
			wrong(of.key, errors.New("is of the whole host: set it in an entry without the path"))
		}
	}
}

// hasLogin reports whether a host has credentials of its own.
func (s *HostSettings) hasLogin() bool { return s.Username != "" || s.Password != "" }

// valueOr returns *own, or run where own is nil.
func valueOr[T any](own *T, run T) T {
	if own != nil {
		return *own
	}
	return run
}
