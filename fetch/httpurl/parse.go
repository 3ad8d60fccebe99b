package httpurl

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/failure"
)

// Parse parses an absolute http or https URL as users write it. Characters other than ASCII, and a % that starts no
// escape, are percent-encoded, and international host names become their ASCII form; white space and control characters
// are errors. A fragment is never judged.
func Parse(text string) (*url.URL, error) {
	if u := parseUsual(text); u != nil {
		return u, nil
	}
	return parseAny(text)
}

// parseAny is Parse for all that parseUsual does not take, and for what it takes.
func parseAny(text string) (*url.URL, error) {
	scheme, _, found := strings.Cut(text, "://")
	if !found {
		return nil, schemeless(text)
	}
	if !isHTTP(scheme) {
		return nil, schemeError(scheme)
	}
	sent, _, _ := strings.Cut(text, "#")
	for i, c := range []byte(sent) {
		if c <= ' ' || c == 0x7f {
			if c == 0 && strings.Contains(sent[i:], "://") { // as find -print0 and jq --raw-output0 write them
				return nil, errors.New(`there is NUL in it, as xargs -0 reads it; tr '\0' '\n' makes lines of such a list`)
			}
			if severalURLs(sent) {
				return nil, errors.New("there are several URLs in it; write one a line, or each as an argument")
			}
			mend := fmt.Sprintf("percent-encode it as %%%02X", c)
			if c == ' ' || c == '\t' { // it may be a comment, or another column
				mend += ", or leave out what is behind it"
			}
			return nil, fmt.Errorf("the URL holds %q; %s", c, mend)
		}
	}
	u, err := ParseReference(text)
	if err != nil {
		return nil, err
	}
	return Check(u)
}

// severalURLs reports whether a text is several words, and each an http or https URL.
func severalURLs(text string) bool {
	words := strings.Fields(text)
	return len(words) > 1 && !slices.ContainsFunc(words, func(word string) bool {
		scheme, _, found := strings.Cut(word, "://")
		return !found || !isHTTP(scheme)
	})
}

// ErrNoScheme is the error of Parse for a text that is no absolute URL.
var ErrNoScheme = errors.New("no http:// or https:// in front")

// schemeless returns the error for a text without ://. Pages have links of a few schemes that never have it; before
// any other colon may stand a host, or a user.
func schemeless(text string) error {
	switch scheme, _, _ := strings.Cut(text, ":"); strings.ToLower(scheme) {
	case "mailto", "tel", "sms", "javascript", "data", "about", "blob":
		if len(scheme) < len(text) {
			return schemeError(scheme)
		}
	}
	return ErrNoScheme
}

// isHTTP reports whether scheme is http or https, in any case.
func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// ParseReference parses a URL or relative reference, such as that of a Location header, after it has percent-encoded
// what can't be in a URI behind its authority (RFC 3986 section 2). A \ before the query, but in an authority behind
// //, is a slash. Its scheme and host are not checked: see Check.
func ParseReference(text string) (*url.URL, error) {
	text = escapeTail(withSlashes(text))
	if !hasScheme(text) {
		if special := strings.IndexAny(text, ":/?#"); special >= 0 && text[special] == ':' {
			text = "./" + text // a segment with a colon, which url.Parse takes for a broken scheme
		}
	}
	u, err := url.Parse(text)
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
		return errors.New("a % without two hexadecimal digits behind, in the user or host; percent-encode it as %25")
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
			return ErrNoScheme
		}
	}
	return fmt.Errorf("scheme %q is not http or https", failure.Clip(scheme, 32))
}

// withSlashes returns text with a slash for each \ before its query, but for those in an authority behind //.
func withSlashes(text string) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	end := strings.IndexAny(text, "?#")
	if end < 0 {
		end = len(text)
	}
	start, behind := Authority(text)
	if start == 0 || text[start-2:start] != "//" {
		behind = 0
	}
	if behind >= end || strings.IndexByte(text[behind:end], '\\') < 0 {
		return text
	}
	return text[:behind] + strings.ReplaceAll(text[behind:end], `\`, "/") + text[end:]
}

// hasScheme reports whether text begins with a scheme (RFC 3986 section 3.1).
func hasScheme(text string) bool {
	for i, c := range []byte(text) {
		switch {
		case 'a' <= c|' ' && c|' ' <= 'z': // a letter
		case i > 0 && ('0' <= c && c <= '9' || c == '+' || c == '-' || c == '.'):
		default:
			return i > 0 && c == ':'
		}
	}
	return false
}

// escapeTail percent-encodes behind the authority what mustEscape names, and each % that starts no escape. The
// authority is left as it is: such characters there are errors, or an international name.
func escapeTail(text string) string {
	_, start := Authority(text)
	first := start
	for first < len(text) && !mustEscape(text[first]) && !isLonePercent(text, first) {
		first++
	}
	if first == len(text) {
		return text
	}
	out := append(make([]byte, 0, len(text)+16), text[:first]...)
	for i := first; i < len(text); i++ {
		if c := text[i]; mustEscape(c) || isLonePercent(text, i) {
			out = fmt.Appendf(out, "%%%02X", c)
			continue
		}
		out = append(out, text[i])
	}
	return string(out)
}

// isLonePercent reports whether text[i] is a % that starts no escape (RFC 3986 section 2.1).
func isLonePercent(text string, i int) bool {
	return text[i] == '%' && (i+2 >= len(text) || !isHex(text[i+1]) || !isHex(text[i+2]))
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
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
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > mostPort {
			return nil, errors.New("the port is not 1 to 65535")
		}
	}
	if !IsASCII(name) {
		ascii, err := hostProfile.ToASCII(name)
		if err != nil || ascii == "" || strings.ContainsAny(ascii, ":/?#@[]%") { // what such a character has been mapped to
			return nil, errors.New("the host is no international domain name")
		}
		named := *u
		named.Host = strings.Replace(u.Host, name, ascii, 1)
		u, name = &named, ascii
	}
	if len(name) > longestHost || !httpguts.ValidHostHeader(u.Host) || strings.ContainsAny(name, `"<>[\]^{|}`+"` ") {
		return nil, errors.New("the host is no host name")
	}
	return u, nil
}
