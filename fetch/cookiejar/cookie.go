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

// A cookie is one cookie with its attributes (RFC 6265 section 5.3), set by a response or read from a file.
type cookie struct {
	name, value string
	domain      string // lower-case, without a leading dot
	hostOnly    bool   // it is sent to that host alone, not to its sub-domains
	path        string
	secure      bool      // it is sent over https alone
	scheme      string    // of the response that set it; http goes to https too. Empty: any, for one from a file
	port        string    // of that response, where hostOnly is set; empty: any
	expires     time.Time // zero: it lives as long as the Jar
}

// maxCookieSize bounds a cookie's name and value together, in bytes, maxAttributeSize one attribute. Longer ones are
// ignored (draft-ietf-httpbis-rfc6265bis section 5.6).
const maxCookieSize, maxAttributeSize = 4 << 10, 1 << 10

// parseSetCookie parses the value of a Set-Cookie header (RFC 6265 section 5.2). The cookie's domain and path are
// those of the header, not checked yet, or empty. It returns false where the header holds no valid cookie.
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

// validCookie reports whether a name and value can be sent as one cookie: within maxCookieSize, and without characters
// that would make another cookie or another header line of it.
func validCookie(name, value string) bool {
	if name == "" || len(name)+len(value) > maxCookieSize ||
		strings.ContainsAny(name, "=;") || strings.Contains(value, ";") {
		return false
	}
	for _, c := range []byte(name + value) {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}

// longestAge bounds Max-Age, in seconds, so that no sum overflows: 68 years.
const longestAge = 1<<31 - 1

// parseMaxAge returns the time at which a cookie with that Max-Age, in whole seconds from now, expires (RFC 6265
// section 5.2.2). It returns false where the attribute is no number, and so is ignored.
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

// bindTo sets the domain and path under which c is stored when a response from u sets it. It returns false where u may
// not set it (RFC 6265 section 5.3; of RFC 6265bis, that only https sets a Secure cookie or one with a __Secure- or
// __Host- name). c is bound to its origin, as drafts after RFC 6265 propose: to the scheme, and a host-only cookie to
// the port.
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

// A requestURI holds the parts of a request's URL that decide which cookies are sent (RFC 6265 section 5.4).
type requestURI struct{ scheme, host, port, path string }

// requestURIOf returns the requestURI of u, with a canonical host, the default port and / for an empty path.
func requestURIOf(u *url.URL) requestURI {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	return requestURI{scheme: u.Scheme, host: canonicalHost(u), port: httpurl.Port(u), path: path}
}

// appliesTo reports whether c is sent with a request for a URL (RFC 6265 section 5.4).
func (c *cookie) appliesTo(at requestURI, now time.Time) bool {
	return (at.host == c.domain || !c.hostOnly && domainMatches(at.host, c.domain)) &&
		(c.scheme == "http" && at.scheme == "https" ||
			(c.scheme == "" || c.scheme == at.scheme) && (c.port == "" || c.port == at.port)) &&
		pathMatches(at.path, c.path) && (at.scheme == "https" || !c.secure) && !c.expired(now)
}

// expired reports whether c has expired by now.
func (c *cookie) expired(now time.Time) bool { return !c.expires.IsZero() && !c.expires.After(now) }

// hasSameKeyAndOrigin reports whether one cookie replaces the other in the Jar.
func (c *cookie) hasSameKeyAndOrigin(other *cookie) bool {
	return c.hasSameKey(other) && c.hostOnly == other.hostOnly && c.scheme == other.scheme && c.port == other.port
}

// hasSameKey reports whether two cookies have the same name, domain and path, and so are one by RFC 6265 section 5.3.
func (c *cookie) hasSameKey(other *cookie) bool {
	return c.name == other.name && c.domain == other.domain && c.path == other.path
}

// supersedes reports whether c is sent, or ends, in place of another with the same key where both could be: one of a
// file, or one set over http where c was over https.
func (c *cookie) supersedes(other *cookie) bool {
	return c.hasSameKey(other) && c.scheme != "" && c.scheme != other.scheme && other.scheme != "https"
}

// domainMatches reports whether a host domain-matches a domain: is equal to it or a sub-domain (RFC 6265 section
// 5.1.3). The host must not be an IP address, unless the two are equal.
func domainMatches(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, domain) && host[len(host)-len(domain)-1] == '.'
}

// pathMatches reports whether a path path-matches another: is equal to it or below it (RFC 6265 section 5.1.4).
func pathMatches(path, other string) bool {
	return path == other || strings.HasPrefix(path, other) && (other[len(other)-1] == '/' || path[len(other)] == '/')
}

// defaultPath returns the default-path of a URL: its path up to the last slash (RFC 6265 section 5.1.4).
func defaultPath(u *url.URL) string {
	path := u.EscapedPath()
	last := strings.LastIndexByte(path, '/')
	if last <= 0 || path[0] != '/' {
		return "/"
	}
	return path[:last]
}

// canonicalHost returns a URL's host name in lower case, without a port and a trailing dot (RFC 6265 section 5.1.2).
func canonicalHost(u *url.URL) string {
	return strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
}

// isAddress reports whether host is an IP address.
func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}

// isPublicSuffix reports whether domain is on the public suffix list (publicsuffix.org): anybody can register a name
// below it, so no cookie may be set for all of them (RFC 6265 section 5.3 step 5).
func isPublicSuffix(domain string) bool {
	suffix, _ := publicsuffix.PublicSuffix(domain)
	return suffix == domain
}

// siteOf returns the registrable domain of a host: its public suffix and one label more. A cookie is never sent to
// another site than that which set it. For an IP address or a public suffix it is the host itself.
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
