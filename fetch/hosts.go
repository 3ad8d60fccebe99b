package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"batchfetch/fetch/httpurl"
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
	// sent with requests for URLs of the input only, never to a host that a redirect from another origin led to.
	Header http.Header
	// Username and Password are in place of Options.Username and Password, and of an Authorization in Options.Header.
	// Like Header they are not sent after a redirect from another origin.
	Username, Password string
	// ConnectTimeout, StallTimeout and Timeout are in place of those of Options; 0 is no limit.
	ConnectTimeout, StallTimeout, Timeout *time.Duration
	// Retries is in place of Options.Retries; 0 is none.
	Retries *int
	// RetryOn, ThrottleOn, AcceptStatus and RetryMaxDelay are in place of those of Options.
	RetryOn                  *judge.RetryOn
	ThrottleOn, AcceptStatus *judge.Statuses
	RetryMaxDelay            *time.Duration
}

// A HostRule gives settings to the hosts that match its Pattern, [SCHEME://]HOST[:PORT]: without a scheme or a port it
// matches any, with a scheme alone the default port of that. HOST is as in a URL, *.example.com for every host below
// example.com, at any depth, or * for all.
type HostRule struct {
	Pattern string
	HostSettings
}

// HostRules are the settings of hosts, found by origin. They are immutable; nil is none. Any goroutine may use them.
type HostRules struct {
	settings map[hostPattern]*HostSettings
	all      []*HostSettings // the values of settings
}

// A hostPattern is a HostRule.Pattern in normal form. An empty field matches any.
type hostPattern struct {
	scheme string // http or https
	name   string // in ASCII and lower case, an IPv6 address without brackets; * or *.suffix
	port   string // never empty where scheme is not
}

// A HostRuleError is one mistake in a list of HostRules. It has no secrets in it.
type HostRuleError struct {
	// Rule is the 0-based position in the list.
	Rule int
	// Key is the name of the setting, as in a --hosts file; empty is the Pattern.
	Key string
	// Err says what is wrong.
	Err error
}

func (e *HostRuleError) Error() string {
	where := fmt.Sprintf("host rule %d", e.Rule+1)
	if e.Key != "" {
		where += ", " + e.Key
	}
	return where + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *HostRuleError) Unwrap() error { return e.Err }

// NewHostRules checks rules and returns them as HostRules. The order has no meaning: of the rules that match a host
// only the most exact one applies, and nothing of the others: a name before *.suffix, a longer suffix before a shorter
// one, * last; of those with one name the one with scheme and port, then the one with a port. The error joins a
// *HostRuleError for each mistake.
func NewHostRules(rules []HostRule) (*HostRules, error) {
	h := &HostRules{settings: make(map[hostPattern]*HostSettings, len(rules))}
	var mistakes []error
	for i, rule := range rules {
		wrong := func(key string, err error) { mistakes = append(mistakes, &HostRuleError{i, key, err}) }
		pattern, err := parseHostPattern(rule.Pattern)
		if err != nil {
			wrong("", err)
		} else if h.settings[pattern] != nil {
			wrong("", errors.New("the same host is named twice"))
		}
		rule.check(wrong)
		h.settings[pattern] = &rule.HostSettings
		h.all = append(h.all, &rule.HostSettings)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return h, nil
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
		for _, value := range values {
			if err := CheckHeader(name, value); err != nil {
				wrong("headers", err)
				break
			}
		}
	}
	if _, given := s.Header["Authorization"]; given && s.hasLogin() {
		wrong("user", errors.New("and a header Authorization exclude each other"))
	}
}

// hasLogin reports whether a host has credentials of its own.
func (s *HostSettings) hasLogin() bool { return s.Username != "" || s.Password != "" }

// Of returns the settings of an origin, scheme://host[:port] as httpurl.Origin returns it; nil is none. They are shared
// and must not be written to.
func (h *HostRules) Of(origin string) *HostSettings {
	if h == nil || len(h.settings) == 0 {
		return nil
	}
	at := splitOrigin(origin)
	for name := at.name; ; {
		for _, p := range [...]hostPattern{{at.scheme, name, at.port}, {"", name, at.port}, {"", name, ""}} {
			if s := h.settings[p]; s != nil {
				return s
			}
		}
		if name == "*" {
			return nil
		}
		name = nextPattern(name)
	}
}

// maxConcurrency returns the largest concurrency of any host; that of hosts without settings is given.
func (h *HostRules) maxConcurrency(concurrency int) int {
	if h != nil {
		for _, s := range h.all {
			concurrency = max(concurrency, valueOr(s.Concurrency, 0))
		}
	}
	return concurrency
}

// nextPattern returns the next less exact name of a hostPattern: *.example.com for www.example.com and for
// *.www.example.com, and * in the end.
func nextPattern(name string) string {
	_, suffix, more := strings.Cut(strings.TrimPrefix(name, "*."), ".")
	if !more || strings.Contains(name, ":") {
		return "*"
	}
	return "*." + suffix
}

// splitOrigin returns the scheme, name and port of an origin, the default port too.
func splitOrigin(origin string) hostPattern {
	scheme, host, _ := strings.Cut(origin, "://")
	p := hostPattern{scheme: scheme, port: "80"}
	if scheme == "https" {
		p.port = "443"
	}
	if colon := strings.LastIndexByte(host, ':'); colon > strings.LastIndexByte(host, ']') {
		host, p.port = host[:colon], host[colon+1:]
	}
	p.name = normalizeHost(host)
	return p
}

// normalizeHost returns the host of a URL in normal form: lower case, without brackets and without a dot at the end, an
// IPv6 address in its shortest spelling (RFC 5952).
func normalizeHost(host string) string {
	name := strings.TrimRight(strings.ToLower(strings.Trim(host, "[]")), ".")
	if strings.Contains(name, ":") {
		if a, err := netip.ParseAddr(name); err == nil {
			return a.String()
		}
	}
	return name
}

// parseHostPattern parses [SCHEME://]HOST[:PORT]. The error does not repeat the text, which may have secrets in it.
func parseHostPattern(text string) (hostPattern, error) {
	scheme, rest, named := strings.Cut(text, "://")
	if !named {
		scheme, rest = "http", text
	}
	stars := ""
	if tail, all := strings.CutPrefix(rest, "*"); all {
		switch {
		case tail == "", strings.HasPrefix(tail, ":"):
			stars, rest = "*", "any"+tail
		case strings.HasPrefix(tail, "."):
			stars, rest = "*.", tail[1:]
		}
	}
	switch {
	case strings.Contains(rest, "@"):
		return hostPattern{}, errors.New("the host holds an @: a user and a password are settings of it")
	case strings.ContainsAny(rest, "/?#"):
		return hostPattern{}, errors.New("more than a host: leave out what follows it")
	case strings.Contains(rest, "*"):
		return hostPattern{}, errors.New("a * in a host stands alone, or in front as in *.example.com")
	}
	u, err := httpurl.Parse(scheme + "://" + rest)
	if err != nil {
		return hostPattern{}, fmt.Errorf("not a host: %w", err)
	}
	if normalizeHost(u.Hostname()) == "" {
		return hostPattern{}, errors.New("not a host: only dots")
	}
	return patternOf(u, stars, named), nil
}

// patternOf returns the hostPattern of a URL that was made of a Pattern: stars is what stood before its host ("", "*"
// or "*."), named says that it had a scheme.
func patternOf(u *url.URL, stars string, named bool) hostPattern {
	p := hostPattern{name: stars + normalizeHost(u.Hostname()), port: u.Port()}
	if stars == "*" {
		p.name = "*"
	}
	if named {
		p.scheme = strings.ToLower(u.Scheme)
		if p.port == "" {
			p.port = splitOrigin(p.scheme + "://x").port
		}
	}
	return p
}

// valueOr returns *own, or run where own is nil.
func valueOr[T any](own *T, run T) T {
	if own != nil {
		return *own
	}
	return run
}
