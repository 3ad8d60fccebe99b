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
)

// HostSettings are what a host has of its own, in place of the run's Options. What is nil or empty is the run's.
type HostSettings struct {
	// Concurrency is in place of Options.HostConcurrency; at least 1.
	Concurrency *int
	// Rate is in place of Options.HostRate; 0 is no limit.
	Rate *float64
	// Header is laid over Options.Header, name by name; a nil value drops a header.
	// Only what the input names is asked with it: no redirect from elsewhere is.
	Header http.Header
	// Username and Password are in place of Options.Username and Password, and of a header Authorization among
	// Options.Header. Like Header they are not for redirects from elsewhere.
	Username, Password string
	// ConnectTimeout, StallTimeout and Timeout are in place of those of Options; 0 is no limit.
	ConnectTimeout, StallTimeout, Timeout *time.Duration
	// Retries is in place of Options.Retries.
	Retries *int
}

// A HostRule gives settings to the hosts that its Pattern names: a host as in a URL, with a scheme in front or a port
// behind where it is only for those (with a scheme and no port, only the scheme's own port), or *.example.com for every
// host below example.com, at any depth, or * for all.
type HostRule struct {
	Pattern string
	HostSettings
}

// HostRules find the settings of a host. They are immutable, and nil is none.
type HostRules struct {
	settings map[hostPattern]*HostSettings
	all      []*HostSettings
}

// A hostPattern is a Pattern in its one form. What is empty is any.
type hostPattern struct {
	scheme string // http or https
	name   string // in ASCII and lower case, an IPv6 address without brackets; * or *.suffix
	port   string // always there where scheme is
}

// A HostRuleError is one mistake in a list of HostRules. It repeats nothing that may be secret.
type HostRuleError struct {
	// Rule is the 0-based place in the list.
	Rule int
	// Key is the name of the setting, as in a --hosts file; empty is the Pattern.
	Key string
	Err error
}

func (e *HostRuleError) Error() string {
	where := fmt.Sprintf("host rule %d", e.Rule+1)
	if e.Key != "" {
		where += ", " + e.Key
	}
	return where + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *HostRuleError) Unwrap() error { return e.Err }

// NewHostRules checks rules and puts them together. The order is of no meaning: of those that name a host only the most
// exact one counts, and nothing of the others: the name before *.suffix, a longer suffix before a shorter one, * last;
// among those of one name the one with scheme and port, then the one with a port. The error joins a *HostRuleError for
// each mistake.
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

// check tells what can't be, by key.
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
	}{{"connect_timeout", s.ConnectTimeout}, {"stall_timeout", s.StallTimeout}, {"timeout", s.Timeout}} {
		if span.value != nil && *span.value < 0 {
			wrong(span.key, errors.New("must not be negative"))
		}
	}
	for _, name := range sortedNames(s.Header) {
		values := s.Header[name]
		if len(values) == 0 {
			values = []string{"x"} // the name alone has to be one
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

func (s *HostSettings) hasLogin() bool { return s.Username != "" || s.Password != "" }

// Of returns the settings of an origin, scheme://host[:port] as in a checked URL; nil is none. They are shared and
// never written to.
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

// maxConcurrency returns the largest concurrency of any host, where that of others is so much.
func (h *HostRules) maxConcurrency(concurrency int) int {
	if h != nil {
		for _, s := range h.all {
			concurrency = max(concurrency, valueOr(s.Concurrency, 0))
		}
	}
	return concurrency
}

// nextPattern returns the next less exact name: *.example.com for www.example.com and for *.www.example.com, and * in
// the end.
func nextPattern(name string) string {
	_, suffix, more := strings.Cut(strings.TrimPrefix(name, "*."), ".")
	if !more || strings.Contains(name, ":") {
		return "*"
	}
	return "*." + suffix
}

// splitOrigin takes an origin apart, its default port included.
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

// normalizeHost brings the host of a checked URL into one form.
func normalizeHost(host string) string {
	name := strings.TrimRight(strings.ToLower(strings.Trim(host, "[]")), ".")
	if strings.Contains(name, ":") {
		if a, err := netip.ParseAddr(name); err == nil {
			return a.String()
		}
	}
	return name
}

// parseHostPattern reads [SCHEME://]HOST[:PORT]. The error never repeats the text.
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

func valueOr[T any](own *T, run T) T {
	if own != nil {
		return *own
	}
	return run
}
