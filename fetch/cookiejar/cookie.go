package cookiejar

import (
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"batchfetch/fetch/httpurl"
)

// A cookie is one that an answer set or a file brought (RFC 6265 section 5.3).
type cookie struct {
	name, value string
	domain      string // lower-case, without a dot in front
	hostOnly    bool   // for that host alone, not for those below it
	path        string
	secure      bool      // for https alone
	scheme      string    // of the answer that set it, and it goes to no other; empty: any, for one from a file
	port        string    // of that answer, where it is for that host alone; empty: any
	expires     time.Time // zero: it lives as long as the Jar
}

// maxCookieSize bounds a cookie's name and value together, in bytes, maxAttribute one attribute: what is longer is not kept
// (draft-ietf-httpbis-rfc6265bis section 5.6).
const maxCookieSize, maxAttributeSize = 4 << 10, 1 << 10

// parseSetCookie reads the value of a Set-Cookie header as RFC 6265 section 5.2 does; domain and path are as they
// stand there, or empty. It is false where there is no cookie to keep.
func parseSetCookie(text string, now time.Time) (cookie, bool) {
	pair, rest, _ := strings.Cut(text, ";")
	name, value, found := strings.Cut(pair, "=")
	c := cookie{name: strings.Trim(name, " \t"), value: strings.Trim(value, " \t")}
	if !found || !validCookie(c.name, c.value) {
		return cookie{}, false
	}
	aged := false
	for rest != "" {
		var attribute string
		attribute, rest, _ = strings.Cut(rest, ";")
		key, value, _ := strings.Cut(attribute, "=")
		if value = strings.Trim(value, " \t"); len(value) > maxAttributeSize {
			continue
		}
		switch strings.ToLower(strings.Trim(key, " \t")) {
		case "domain":
			c.domain = strings.ToLower(strings.TrimPrefix(value, "."))
		case "path":
			c.path = value
		case "secure":
			c.secure = true
		case "expires":
			if at, ok := parseDate(value); ok && !aged { // Max-Age wins
				c.expires = at
			}
		case "max-age":
			if at, ok := parseMaxAge(value, now); ok {
				c.expires, aged = at, true
			}
		}
	}
	return c, true
}

// validCookie refuses a name or value that would be another cookie, or more than one line, once it is sent.
func validCookie(name, value string) bool {
	if name == "" || len(name)+len(value) > maxCookieSize || strings.ContainsAny(name, "=;") || strings.Contains(value, ";") {
		return false
	}
	for _, c := range []byte(name + value) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// longestAge bounds Max-Age, so that no sum overflows: 68 years.
const longestAge = 1<<31 - 1

// parseMaxAge returns when a cookie of that Max-Age expires, in whole seconds from now on (RFC 6265 section 5.2.2).
func parseMaxAge(text string, now time.Time) (time.Time, bool) {
	digits := strings.TrimPrefix(text, "-")
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return time.Time{}, false
	}
	seconds, err := strconv.Atoi(digits)
	if err != nil || seconds > longestAge {
		seconds = longestAge
	}
	if digits != text {
		seconds = 0
	}
	return now.Add(time.Duration(seconds) * time.Second), true
}

// bindTo gives c the domain and path under which it is kept when an answer from u sets it; false where u may not set it
// (RFC 6265 section 5.3, and of its successor that only https sets a Secure cookie or one with a name that promises it).
// It is bound to its origin, as the successors of RFC 6265 are to have it: to the scheme, and for the host alone to the port.
func (c *cookie) bindTo(u *url.URL) bool {
	host, named, rooted := canonicalHost(u), c.domain != "", c.path == "/"
	c.scheme = u.Scheme
	switch {
	case !named || c.domain == host && (isAddress(host) || isPublicSuffix(host)):
		c.domain, c.hostOnly = host, true
	case isAddress(host):
		return false
	default:
		c.domain = httpurl.ASCIIHost(c.domain)
		if isPublicSuffix(c.domain) || !domainMatches(host, c.domain) {
			return false
		}
	}
	if c.hostOnly {
		c.port = httpurl.Port(u)
	}
	if !strings.HasPrefix(c.path, "/") {
		c.path = defaultPath(u)
	}
	if c.secure && u.Scheme != "https" {
		return false
	}
	prefix := strings.ToLower(c.name)
	return !(strings.HasPrefix(prefix, "__secure-") && !c.secure ||
		strings.HasPrefix(prefix, "__host-") && (!c.secure || named || !rooted))
}

// A requestURI is a URL as cookies see it.
type requestURI struct{ scheme, host, port, path string }

func requestURIOf(u *url.URL) requestURI {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return requestURI{scheme: u.Scheme, host: canonicalHost(u), port: httpurl.Port(u), path: path}
}

// appliesTo says whether c goes along on a visit (RFC 6265 section 5.4).
func (c *cookie) appliesTo(at requestURI, now time.Time) bool {
	return (at.host == c.domain || !c.hostOnly && domainMatches(at.host, c.domain)) &&
		(c.scheme == "" || c.scheme == at.scheme) && (c.port == "" || c.port == at.port) &&
		pathMatches(at.path, c.path) && (at.scheme == "https" || !c.secure) && !c.expired(now)
}

func (c *cookie) expired(now time.Time) bool { return !c.expires.IsZero() && !c.expires.After(now) }

// hasSameKeyAndOrigin says whether one cookie takes the other's place.
func (c *cookie) hasSameKeyAndOrigin(other *cookie) bool {
	return c.hasSameKey(other) && c.hostOnly == other.hostOnly && c.scheme == other.scheme && c.port == other.port
}

// hasSameKey says whether a server takes two cookies for one (RFC 6265 section 5.3).
func (c *cookie) hasSameKey(other *cookie) bool {
	return c.name == other.name && c.domain == other.domain && c.path == other.path
}

// domainMatches says whether a host is a domain or under it (RFC 6265 section 5.1.3); neither is an address.
func domainMatches(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, domain) && host[len(host)-len(domain)-1] == '.'
}

// pathMatches says whether a path is another or under it (RFC 6265 section 5.1.4).
func pathMatches(path, other string) bool {
	return path == other || strings.HasPrefix(path, other) && (other[len(other)-1] == '/' || path[len(other)] == '/')
}

// defaultPath is the folder of a URL's path (RFC 6265 section 5.1.4).
func defaultPath(u *url.URL) string {
	path := u.EscapedPath()
	last := strings.LastIndexByte(path, '/')
	if last <= 0 || path[0] != '/' {
		return "/"
	}
	return path[:last]
}

// canonicalHost is a URL's host as cookies see it.
func canonicalHost(u *url.URL) string {
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isPublicSuffix knows the domains under which strangers register (publicsuffix.org): nobody sets a cookie for all of them.
func isPublicSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// siteOf is the domain that one owner has registered: no cookie goes from one site to another.
func siteOf(host string) string {
	if isAddress(host) {
		return host
	}
	site, err := publicsuffix.EffectiveTLDPlusOne(host)
	if err != nil { // a public suffix itself, such as localhost
		return host
	}
	return site
}
