package httpurl

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// hostProfile maps international host names to ASCII as browsers do: by UTS #46 with the flags of the URL Standard
// (section 3.3), so that a name may have underscores, and hyphens anywhere.
var hostProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.CheckJoiners(true), idna.CheckHyphens(false),
	idna.StrictDomainName(false))

// ASCIIHost returns the ASCII form of an international host name (RFC 5891), the form that a checked URL has. Other
// names, and those that have no such form, are returned unchanged.
func ASCIIHost(name string) string {
	if IsASCII(name) {
		return name
	}
	ascii, err := hostProfile.ToASCII(name)
	if err != nil {
		return name
	}
	return ascii
}

// Authority returns the byte indexes at which the authority of a URL or reference starts and ends (RFC 3986 section
// 3.2); 0 and 0 where it has none. In front of one a \ counts as a slash, as in browsers.
func Authority(text string) (start, end int) {
	for i, c := range []byte(text) {
		if isSlash(c) && i+1 < len(text) && isSlash(text[i+1]) {
			start = i + 2
			break
		}
		if isSlash(c) || c == '?' || c == '#' {
			return 0, 0
		}
	}
	if start == 0 {
		return 0, 0
	}
	for end = start; end < len(text); end++ {
		if c := text[end]; c == '/' || c == '?' || c == '#' {
			break
		}
	}
	return start, end
}

func isSlash(c byte) bool { return c == '/' || c == '\\' }

// IsASCII reports whether s has no byte of 0x80 or above.
func IsASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// Origin returns the origin of u as scheme://host:port in lower case, with the default port left out (RFC 6454 section
// 4). It says no more than the URL itself: u is not checked.
func Origin(u *url.URL) string { return strings.ToLower(u.Scheme) + "://" + HostPort(u) }

// HostPort returns the host of a URL in lower case, with its port unless that is the default one.
func HostPort(u *url.URL) string {
	host := strings.ToLower(u.Host)
	switch strings.ToLower(u.Scheme) {
	case "http":
		host = strings.TrimSuffix(host, ":80")
	case "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":")
}

// Port returns the port of an http or https URL, the default one, 443 or 80, where it names none.
func Port(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
