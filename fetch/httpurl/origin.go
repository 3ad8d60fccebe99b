package httpurl

import (
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// ASCIIHost brings an international name into the form that a checked URL has it in; what is none stays as it is.
func ASCIIHost(name string) string {
	if IsASCII(name) {
		return name
	}
	ascii, err := idna.Lookup.ToASCII(name)
	if err != nil {
		return name
	}
	return ascii
}

// Authority returns where the authority of a URL or reference starts and ends (RFC 3986 section 3.2); 0 and 0 where it has none.
func Authority(text string) (start, end int) {
	slashes := strings.Index(text, "//")
	if slashes < 0 || strings.ContainsAny(text[:slashes], "/?#") {
		return 0, 0
	}
	start = slashes + 2
	if end = strings.IndexAny(text[start:], "/?#"); end < 0 {
		return start, len(text)
	}
	return start, start + end
}

func IsASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// Origin returns scheme://host:port with the default port left out (RFC 6454 section 4).
func Origin(u *url.URL) string {
	host := strings.ToLower(u.Host)
	scheme := strings.ToLower(u.Scheme)
	switch {
	case scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	case scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + strings.TrimSuffix(host, ":")
}
