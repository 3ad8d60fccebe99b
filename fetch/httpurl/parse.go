/*
Package httpurl parses and checks URLs of http and https, and says what their origin, authority and port are.

It promises that no error repeats a piece of a URL that may be a password, and that a URL that Parse or Check has
accepted can be requested over HTTP: it has an ASCII host, a valid port and a request target without white space. It
knows no network. Of our packages it imports failure alone.
*/
package httpurl

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/idna"

	"batchfetch/fetch/failure"
)

// Parse parses an absolute http or https URL as users write it. Characters other than ASCII are percent-encoded, and
// international host names become their ASCII form; white space and control characters are errors.
func Parse(text string) (*url.URL, error) {
	scheme, _, found := strings.Cut(text, "://")
	if !found {
		return nil, errors.New("no http:// or https:// in front")
	}
	if !isHTTP(scheme) {
		return nil, schemeError(scheme)
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c == 0x7f {
			return nil, fmt.Errorf("the URL holds %q; percent-encode it as %%%02X", c, c)
		}
	}
	u, err := ParseReference(text)
	if err != nil {
		return nil, err
	}
	return Check(u)
}

// isHTTP reports whether scheme is http or https, in any case.
func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// ParseReference parses a URL or relative reference, such as that of a Location header, after it has percent-encoded
// the characters behind its authority that a URI can't contain (RFC 3986 section 2). Its scheme and host are not
// checked: see Check.
func ParseReference(text string) (*url.URL, error) {
	u, err := url.Parse(escapeTail(text))
	if err == nil {
		return u, nil
	}
	start, end := Authority(text)
	host := text[start:end]
	host = host[strings.LastIndexByte(host, '@')+1:]
	switch {
	case strings.HasPrefix(host, "[") && strings.Contains(host, "%"):
		return nil, errors.New("the zone of an IPv6 address is malformed; it stands behind %25")
	case strings.Contains(host, "%"):
		return nil, errors.New("the host holds a %; the name of a host can't be percent-encoded")
	}
	return nil, parseError(err)
}

// parseError describes an error of url.Parse without repeating a piece of the URL, which may be a piece of a password.
func parseError(err error) error {
	var escape url.EscapeError
	var host url.InvalidHostError
	switch {
	case errors.As(err, &escape):
		return errors.New("a % without two hexadecimal digits behind; percent-encode it as %25")
	case errors.As(err, &host):
		return errors.New("the host holds a character that no host name can")
	}
	return errors.New("the user, host or port is malformed; percent-encode what is special in a password")
}

// schemeError returns the error for a scheme other than http and https. It repeats the text only where it has the
// characters of a scheme (RFC 3986 section 3.1); otherwise it may be a piece of a password.
func schemeError(scheme string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789+-."
	for _, c := range strings.ToLower(scheme) {
		if !strings.ContainsRune(allowed, c) {
			return errors.New("no http:// or https:// in front")
		}
	}
	return fmt.Errorf("scheme %q is not http or https", failure.Clip(scheme, 32))
}

// escapeTail percent-encodes what mustEscape names behind the authority. The authority is left as it is: such
// characters there are errors, or an international name.
func escapeTail(text string) string {
	_, start := Authority(text)
	found := false
	for _, c := range []byte(text[start:]) {
		found = found || mustEscape(c)
	}
	if !found {
		return text
	}
	out := append(make([]byte, 0, len(text)+16), text[:start]...)
	for _, c := range []byte(text[start:]) {
		if mustEscape(c) {
			out = fmt.Appendf(out, "%%%02X", c)
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// mustEscape reports whether c can't stand in a URI unless it is percent-encoded (RFC 3986 section 2).
func mustEscape(c byte) bool {
	return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' ||
		c == '{' || c == '|' || c == '}'
}

// Check returns u if it can be requested over HTTP: it has the scheme http or https, a valid host, and a port of 1 to
// 65535 or none. Where the host is an international name it returns a copy with the ASCII form; u itself is never
// changed.
func Check(u *url.URL) (*url.URL, error) {
	if !isHTTP(u.Scheme) {
		return nil, schemeError(u.Scheme)
	}
	name := u.Hostname()
	if name == "" {
		return nil, errors.New("no host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("the port is not 1 to 65535")
		}
	}
	if !IsASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return nil, errors.New("the host is no international domain name")
		}
		named := *u
		named.Host = strings.Replace(u.Host, name, ascii, 1)
		return &named, nil
	}
	if len(name) > 253 || !httpguts.ValidHostHeader(u.Host) || strings.ContainsAny(name, `"<>\^{|}`+"` ") {
		return nil, errors.New("the host is no host name")
	}
	return u, nil
}
