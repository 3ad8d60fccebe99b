package fetch

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"batchfetch/fetch/httpurl"
)

// A hostPattern is a HostRule.Pattern in normal form. An empty field matches any.
type hostPattern struct {
	scheme string // http or https
	name   string // in ASCII and lower case, an IPv6 address without brackets; * or *.suffix
	port   string // never empty where scheme is not
	path   string // begins with a slash, and ends with none; empty is that of a host
}

// covers reports whether the name of a pattern matches a host of this name.
func (p hostPattern) covers(name string) bool {
	suffix, all := strings.CutPrefix(p.name, "*")
	return p.name == name || all && strings.HasSuffix(name, suffix)
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

// parseHostPattern parses [SCHEME://]HOST[:PORT][/PATH]. The error does not repeat the text, which may have secrets in
// it.
func parseHostPattern(text string) (hostPattern, error) {
	scheme, rest, named := strings.Cut(text, "://")
	if !named {
		scheme, rest = "http", text
	}
	rest, path, hasPath := strings.Cut(rest, "/")
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
	case strings.Contains(rest, "@"), strings.Contains(path, "@"):
		return hostPattern{}, errors.New("the host holds an @: a user and a password are settings of it")
	case strings.ContainsAny(rest, "?#"):
		return hostPattern{}, errors.New("more than a host: leave out what follows it")
	case hasPath && stars != "":
		return hostPattern{}, errors.New("a path is of one host: write that in place of the *")
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
	p := patternOf(u, stars, named)
	if hasPath {
		if p.path, err = parsePatternPath(path); err != nil {
			return hostPattern{}, err
		}
	}
	return p, nil
}

// parsePatternPath returns the path of a pattern, without its first slash, in the form of hostPattern.path. The error
// does not repeat it.
func parsePatternPath(text string) (string, error) {
	switch {
	case strings.Trim(text, "/") == "":
		return "", errors.New("a path without a segment: leave out the / for the whole host")
	case strings.ContainsAny(text, "?#"):
		return "", errors.New("more than a host and a path: leave out the query and the fragment")
	case strings.Contains(text, "*"):
		return "", errors.New("a * in a path: a path is for all below it, so leave the * out")
	}
	path, err := url.PathUnescape(strings.TrimSuffix(text, "/"))
	if err != nil {
		return "", errors.New("not a path: a % that begins no byte; write %25 for a % as such")
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "" || segment == "." || segment == ".." {
			return "", errors.New("a path with an empty segment, a . or a ..: write the one that is requested")
		}
	}
	return "/" + path, nil
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
