// Package altsvc parses the Alt-Svc header field, by which an origin names other places that serve it (RFC 7838 section
// 3). It is for the client: what it makes of an alternative is its own matter. It imports none of our packages.
package altsvc

import (
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// A Service is an alternative service.
type Service struct {
	// Protocol is the ALPN protocol name, such as h3 (RFC 7301), decoded.
	Protocol string
	// Host is in lower case, an IPv6 address without brackets; "" is the origin's.
	Host string
	Port uint16
	// MaxAge is for how long the alternative may be used from when the response was made.
	MaxAge time.Duration
	// Persist says that it may be used after the client has come into another network.
	Persist bool
}

// defaultMaxAge is MaxAge where the field does not say (RFC 7838 section 3.1).
const defaultMaxAge = 24 * time.Hour

// maxServices bounds the services that are read of a field.
const maxServices = 32

// Parse reads the values of an Alt-Svc field, and returns the services in the order in which the origin prefers them.
// clear says that the origin has none any more, those included that were named before: "clear" stands alone. Of what is
// not valid nothing is returned up to the next comma.
func Parse(values []string) (services []Service, clear bool) {
	for _, value := range values {
		for rest := value; rest != "" && len(services) < maxServices; {
			var element string
			element, rest = cutElement(rest)
			if element == "clear" {
				return nil, true
			}
			if s, ok := parseService(element); ok {
				services = append(services, s)
			}
		}
	}
	return services, false
}

// cutElement cuts a list at the first comma that is not quoted, and trims what is before it.
func cutElement(list string) (element, rest string) {
	element, rest = cutUnquoted(list, ',')
	return strings.Trim(element, " \t"), rest
}

// cutUnquoted cuts text at the first separator outside of a quoted string (RFC 9110 section 5.6.4).
func cutUnquoted(text string, separator byte) (before, after string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			quoted = !quoted
		case c == '\\' && quoted:
			i++
		case c == separator && !quoted:
			return text[:i], text[i+1:]
		}
	}
	return text, ""
}

// parseService parses an alternative with its parameters: h3=":443"; ma=86400; persist=1.
func parseService(text string) (s Service, ok bool) {
	alternative, parameters := cutUnquoted(text, ';')
	protocol, authority, found := strings.Cut(strings.Trim(alternative, " \t"), "=")
	if s.Protocol, ok = decodeProtocol(protocol); !ok || !found {
		return s, false
	}
	if authority, ok = unquote(authority); !ok {
		return s, false
	}
	if s.Host, s.Port, ok = parseAuthority(authority); !ok {
		return s, false
	}
	s.MaxAge = defaultMaxAge
	for parameters != "" {
		var parameter string
		parameter, parameters = cutUnquoted(parameters, ';')
		name, value, found := strings.Cut(strings.Trim(parameter, " \t"), "=")
		if strings.HasPrefix(value, `"`) {
			value, ok = unquote(value)
		}
		if !found || !ok || !isToken(name) {
			return s, false
		}
		if !s.set(name, value) {
			return s, false
		}
	}
	return s, true
}

// set takes a parameter. Those that are not known, and values of persist that are not, have no meaning.
func (s *Service) set(name, value string) (ok bool) {
	switch strings.ToLower(name) {
	case "ma":
		seconds, err := strconv.ParseUint(value, 10, 64)
		if err != nil && strings.Trim(value, "0123456789") != "" || value == "" {
			return false
		}
		s.MaxAge = time.Duration(min(seconds, math.MaxInt32)) * time.Second // too large a number is read as the largest
	case "persist":
		s.Persist = value == "1"
	}
	return true
}

// parseAuthority parses [uri-host] ":" port.
func parseAuthority(text string) (host string, port uint16, ok bool) {
	colon := strings.LastIndexByte(text, ':')
	if colon < 0 {
		return "", 0, false
	}
	number, err := strconv.ParseUint(text[colon+1:], 10, 16)
	if err != nil || number == 0 {
		return "", 0, false
	}
	host = strings.ToLower(text[:colon])
	if inner, is := strings.CutPrefix(host, "["); is {
		inner, is = strings.CutSuffix(inner, "]")
		a, err := netip.ParseAddr(inner)
		return inner, uint16(number), is && err == nil && a.Is6() && a.Zone() == ""
	}
	const most = 253 // bytes of a name of DNS
	isName := strings.Trim(host, "abcdefghijklmnopqrstuvwxyz0123456789.-_") == "" && len(host) <= most
	return host, uint16(number), isName
}

// decodeProtocol decodes the name of a protocol, a token in which what a token can't have is percent-encoded.
func decodeProtocol(text string) (name string, ok bool) {
	if !isToken(text) {
		return "", false
	}
	var decoded []byte
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '%' {
			if i+2 >= len(text) {
				return "", false
			}
			n, err := strconv.ParseUint(text[i+1:i+3], 16, 8)
			if err != nil {
				return "", false
			}
			c = byte(n)
			i += 2
		}
		decoded = append(decoded, c)
	}
	return string(decoded), true
}

// unquote returns what is in a quoted string.
func unquote(text string) (inner string, ok bool) {
	if len(text) < 2 || text[0] != '"' {
		return "", false
	}
	var plain []byte
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"':
			return string(plain), i == len(text)-1
		case c == '\\' && i+1 < len(text):
			i++
			plain = append(plain, text[i])
		default:
			plain = append(plain, c)
		}
	}
	return "", false
}

// isToken reports whether text is a token (RFC 9110 section 5.6.2).
func isToken(text string) bool {
	const other = "!#$%&'*+-.^_`|~"
	for _, c := range []byte(text) {
		isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !isLetter && strings.IndexByte(other, c) < 0 {
			return false
		}
	}
	return text != ""
}
