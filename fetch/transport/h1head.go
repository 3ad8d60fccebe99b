package transport

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/http/httpguts"
)

// badStart says in words why a response can't begin with start; "" where it can, or where start is empty.
func badStart(start []byte) string {
	const version = "HTTP/"
	if head := string(start); head != "" && !strings.HasPrefix(head, version[:min(len(version), len(head))]) {
		return "it does not begin with HTTP/"
	}
	return ""
}

// isAlert reports whether a response to a plain request begins as a TLS alert (RFC 8446 section 5.1).
func isAlert(start []byte) bool { return bytes.HasPrefix(start, []byte("\x15\x03")) }

// hasHeaderLine reports whether a header, as it was received, has a line with that name.
func hasHeaderLine(header []byte, name string) bool {
	for line := range bytes.Lines(header) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return false
		}
		if found, _, _ := bytes.Cut(line, []byte(":")); isName(bytes.TrimRight(found, " \t"), name) {
			return true
		}
	}
	return false
}

// normalHead returns the bytes of a response, which start with its header as it was received, with a header that
// http.ReadResponse takes: one Content-Length in place of several that are all the same, in a line or more (RFC 9110
// section 8.6), one Transfer-Encoding in place of several that say chunked, none that says identity, which RFC 9112 has
// no more, and what appendStatusLine and appendNormalLine make of the other lines. Nil is that the header is not whole,
// has nothing of that, or is framed in a way that two readers may understand differently.
func normalHead(raw []byte) []byte {
	normal := make([]byte, 0, len(raw)+32)
	var lengths, codings []string
	changed, isOut := false, false // isOut: the line before was left out
	rest := raw
	for line := range bytes.Lines(raw) {
		rest = rest[len(line):]
		text := bytes.TrimRight(line, "\r\n")
		name, value, _ := bytes.Cut(text, []byte(":"))
		switch {
		case len(text) == len(line): // not whole
			return nil
		case len(text) == 0:
			return endNormal(normal, lengths, codings, changed, line, rest)
		case isOut && (text[0] == ' ' || text[0] == '\t'): // obs-fold, RFC 9112 section 5.2
			return nil
		case isName(name, "Content-Length"):
			isOut, lengths = true, append(lengths, strings.Split(string(value), ",")...)
		case isName(name, "Transfer-Encoding"):
			isOut, codings = true, append(codings, strings.Split(string(value), ",")...)
		case len(normal) == 0: // the status line
			normal = appendStatusLine(normal, line)
			changed = !bytes.Equal(normal, line)
		default:
			size := len(normal)
			normal = appendNormalLine(normal, line)
			isOut = len(normal) == size
			changed = changed || !bytes.Equal(normal[size:], line)
		}
	}
	return nil
}

// http11 is how the head of a response in HTTP/1.1 begins.
const http11 = "HTTP/1.1 "

// appendStatusLine appends a status line: with HTTP/1.1 in the place of HTTP/2, which a page of PHP's server says
// by header("HTTP/2 200 OK"). curl and browsers take that for HTTP/1.1 as well.
func appendStatusLine(b, line []byte) []byte {
	for _, version := range []string{"HTTP/2 ", "HTTP/2.0 "} {
		if rest, found := bytes.CutPrefix(line, []byte(version)); found {
			return append(append(b, http11...), rest...)
		}
	}
	return append(b, line...)
}

// appendNormalLine appends a line of a header: with spaces in the place of control characters in its value (RFC 9110
// section 5.5), without space between its name and the colon (RFC 9112 section 5.1), and not at all where its name is
// none, as Access-Control-Allow-Method? or the begin of a warning of PHP. Those are as curl reads them. What has no
// colon, or may frame the body for another reader, is appended as it is. So is a Location with a control character:
// with a space in its place it would be another URL. A Set-Cookie with one sets none (RFC 6265bis section 5.7).
func appendNormalLine(b, line []byte) []byte {
	name, value, hasColon := bytes.Cut(line, []byte(":"))
	name = bytes.TrimRight(name, " \t")
	lower := bytes.ToLower(name)
	switch {
	case !hasColon, isBlank(line[0]),
		bytes.Contains(lower, []byte("content-length")), bytes.Contains(lower, []byte("transfer-encoding")):
		return append(b, line...)
	case len(name) == 0, bytes.ContainsFunc(name, isNoNameRune):
		return b
	case bytes.ContainsFunc(value, isControl):
		switch string(lower) {
		case "location":
			return append(b, line...)
		case "set-cookie":
			return b
		}
	}
	b = append(append(b, name...), ':')
	for _, c := range value {
		if isControl(rune(c)) {
			c = ' '
		}
		b = append(b, c)
	}
	return b
}

// isControl reports whether r is a control character that http.ReadResponse does not take in a value, but NUL and CR.
func isControl(r rune) bool {
	return r < ' ' && r != 0 && r != '\t' && r != '\r' && r != '\n' || r == 0x7f
}

// isNoNameRune reports whether http.ReadResponse takes no header that has r in its name; it takes one with spaces.
func isNoNameRune(r rune) bool { return r >= utf8.RuneSelf || r != ' ' && !isTokenByte[r] }

// isTokenByte says which bytes a header's name may have (RFC 9110 section 5.6.2).
var isTokenByte = func() (is [256]bool) {
	for c := range is {
		is[c] = httpguts.IsTokenRune(rune(c))
	}
	return is
}()

// isName reports whether text is an ASCII name in any case of letters.
func isName(text []byte, name string) bool {
	return len(text) == len(name) && strings.EqualFold(string(text), name)
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }

// endNormal ends what normalHead returns: with a line for the lengths and one for the codings, where there are any, the
// line that ends the header, and rest.
func endNormal(normal []byte, lengths, codings []string, changed bool, end, rest []byte) []byte {
	chunked := countChunked(codings)
	switch {
	case chunked < 0, chunked > 0 && len(lengths) > 1:
		return nil
	case chunked > 0:
		normal = append(normal, "Transfer-Encoding: chunked\r\n"...)
	}
	if len(lengths) > 0 {
		length, same := sameLength(lengths)
		if !same {
			return nil
		}
		normal = append(append(append(normal, "Content-Length: "...), length...), "\r\n"...)
	}
	if !changed && len(lengths) < 2 && chunked == len(codings) && chunked < 2 {
		return nil
	}
	return append(append(normal, end...), rest...)
}

// countChunked returns how many codings there are where all are chunked, 0 where all are identity or there are none,
// and -1 else. Chunked more than once is chunked once, to curl and browsers too: Tomcat adds a line to that of the
// application, and none sends chunks in chunks (RFC 9112 section 6.1).
func countChunked(codings []string) int {
	chunked, identity := 0, 0
	for _, coding := range codings {
		switch word := []byte(strings.Trim(coding, " \t")); {
		case isName(word, "chunked"):
			chunked++
		case isName(word, "identity"):
			identity++
		}
	}
	switch len(codings) {
	case identity:
		return 0
	case chunked:
		return chunked
	}
	return -1
}

// sameLength returns the one number of bytes that all the values of Content-Length are, digit for digit, and whether
// they are.
func sameLength(values []string) (string, bool) {
	first := strings.Trim(values[0], " \t")
	for _, value := range values {
		if strings.Trim(value, " \t") != first {
			return "", false
		}
	}
	_, valid := ParseCount(first)
	return first, valid
}

// ParseCount parses a number of bytes, and reports whether it is one: digits alone (RFC 9110 sections 8.6 and 14.4).
func ParseCount(text string) (int64, bool) {
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), err == nil //nolint:gosec // at most 63 bits
}
