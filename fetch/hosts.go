package fetch

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A HostRule gives settings to the hosts that match its Pattern, [SCHEME://]HOST[:PORT][/PATH]: without a scheme or a
// port it matches any, with a scheme alone the default port of that. HOST is as in a URL, *.example.com for every host
// below example.com, at any depth, or * for all.
//
// A Pattern with a PATH is for the URLs of one HOST whose path is that, or begins with its segments. They have a pace,
// pauses and quotas apart from those of the rest of the host, and within its Concurrency and Rate. What the settings
// leave out is that of the host; those of connections and credentials can't be set so.
type HostRule struct {
	Pattern string
	HostSettings
}

// HostRules are the settings of hosts, found by origin. They are immutable; nil is none. Any goroutine may use them.
type HostRules struct {
	settings map[hostPattern]*HostSettings
	all      []*HostSettings     // the values of settings
	paths    map[string][]string // by hostPattern.name: the paths of its patterns, the longest first
	rates    map[string]float64  // by HostSettings.Share: the least Rate; 0 is no limit
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
		if rule.Bearer != "" {
			rule.Header = mergeHeaders(rule.Header, http.Header{"Authorization": {"Bearer " + rule.Bearer}})
		}
		if pattern.path != "" {
			rule.checkOfPath(wrong)
			h.addPath(pattern)
		}
		if rule.Share != "" && pattern.name == "*" {
			wrong("share", errors.New("is for some hosts: one rate for all is --rate"))
		}
		h.addRate(&rule.HostSettings)
		h.settings[pattern] = &rule.HostSettings
		h.all = append(h.all, &rule.HostSettings)
	}
	if len(mistakes) > 0 {
		return nil, errors.Join(mistakes...)
	}
	return h, nil
}

// Of returns the settings of an origin, scheme://host[:port] as httpurl.Origin returns it; nil is none. They are shared
// and must not be written to.
func (h *HostRules) Of(origin string) *HostSettings {
	if h == nil || len(h.settings) == 0 {
		return nil
	}
	at := splitOrigin(origin)
	for name := at.name; ; {
		for _, p := range [...]hostPattern{{at.scheme, name, at.port, ""}, {"", name, at.port, ""}, {"", name, "", ""}} {
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

// addPath notes that a pattern has a path.
func (h *HostRules) addPath(p hostPattern) {
	if h.paths == nil {
		h.paths = make(map[string][]string)
	}
	paths := append(h.paths[p.name], p.path)
	slices.SortFunc(paths, func(a, b string) int { return cmp.Or(len(b)-len(a), strings.Compare(a, b)) })
	h.paths[p.name] = slices.Compact(paths)
}

// addRate takes in the rate of a host that has a share.
func (h *HostRules) addRate(s *HostSettings) {
	if s.Share == "" || s.Rate == nil {
		return
	}
	if h.rates == nil {
		h.rates = make(map[string]float64)
	}
	if least := h.rates[s.Share]; least == 0 || *s.Rate > 0 && *s.Rate < least {
		h.rates[s.Share] = *s.Rate
	}
}

// OfPath returns the settings that a part of an origin has beside those of Of, and the path of that part: the longest
// that the path of a URL begins with. nil is none. They are shared and must not be written to.
func (h *HostRules) OfPath(origin, urlPath string) (s *HostSettings, path string) {
	if h == nil || len(h.paths) == 0 {
		return nil, ""
	}
	at := splitOrigin(origin)
	for _, path := range h.paths[at.name] {
		if rest, below := strings.CutPrefix(urlPath, path); !below || rest != "" && rest[0] != '/' {
			continue
		}
		for _, p := range [...]hostPattern{{at.scheme, at.name, at.port, path}, {"", at.name, at.port, path},
			{"", at.name, "", path}} {
			if s := h.settings[p]; s != nil {
				return s, path
			}
		}
	}
	return nil, ""
}

// ownSettings are the HostSettings of a host and of a part of it; nil is none.
type ownSettings struct{ host, part *HostSettings }

// combinations calls yield with the settings of each host alone, and with those that each part of a host may have
// beside them.
func (h *HostRules) combinations(yield func(ownSettings) bool) {
	for p, part := range h.settings {
		if p.path == "" {
			if !yield(ownSettings{host: part}) {
				return
			}
			continue
		}
		if !yield(ownSettings{part: part}) {
			return
		}
		for q, host := range h.settings {
			if q.path == "" && q.covers(p.name) && !yield(ownSettings{host, part}) {
				return
			}
		}
	}
}

// hasPaths reports whether there may be settings for a part of an origin.
func (h *HostRules) hasPaths(origin string) bool {
	return h != nil && len(h.paths) > 0 && len(h.paths[splitOrigin(origin).name]) > 0
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

// minStallTimeout returns the shortest stall timeout of any host; that of hosts without settings is given. 0 is none.
func (h *HostRules) minStallTimeout(shortest time.Duration) time.Duration {
	if h != nil {
		for _, s := range h.all {
			if own := valueOr(s.StallTimeout, 0); own > 0 && (shortest == 0 || own < shortest) {
				shortest = own
			}
		}
	}
	return shortest
}

// HasRate reports whether any host has a Rate.
func (h *HostRules) HasRate() bool {
	return h != nil && slices.ContainsFunc(h.all, func(s *HostSettings) bool { return s.Rate != nil && *s.Rate > 0 })
}

// divide returns the rules with each Rate divided by n.
func (h *HostRules) divide(n float64) *HostRules {
	if h == nil {
		return nil
	}
	divided := &HostRules{settings: make(map[hostPattern]*HostSettings, len(h.settings)), paths: h.paths}
	for pattern, s := range h.settings {
		own := *s
		if s.Rate != nil {
			rate := *s.Rate / n
			own.Rate = &rate
		}
		divided.settings[pattern] = &own
		divided.addRate(&own)
		divided.all = append(divided.all, &own)
	}
	return divided
}
