package transport

import (
	"bytes"
	"strconv"
	"strings"
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
		if found, _, _ := bytes.Cut(line, []byte(":")); strings.EqualFold(string(bytes.TrimRight(found, " \t")), name) {
			return true
		}
	}
	return false
}

// normalFraming returns the bytes of a response, which start with its header as it was received: with one
// Content-Length in place of several that are all the same, in a line or more (RFC 9110 section 8.6), and without a
// Transfer-Encoding that says identity, which RFC 9112 has no more, and nothing else. Nil is that the header is not
// whole, has nothing of that, or is framed in a way that two readers may understand differently.
func normalFraming(raw []byte) []byte {
	normal := make([]byte, 0, len(raw)+32)
	var lengths []string
	changed, framing := false, false // framing: the line before was left out
	rest := raw
	for line := range bytes.Lines(raw) {
		rest = rest[len(line):]
		text := bytes.TrimRight(line, "\r\n")
		name, value, _ := strings.Cut(string(text), ":")
		switch {
		case len(text) == len(line): // not whole
			return nil
		case len(text) == 0:
			return endNormal(normal, lengths, changed, line, rest)
		case framing && (text[0] == ' ' || text[0] == '\t'): // obs-fold, RFC 9112 section 5.2
			return nil
		case strings.EqualFold(name, "Content-Length"):
			framing = true
			lengths = append(lengths, strings.Split(value, ",")...)
		case strings.EqualFold(name, "Transfer-Encoding"):
			if framing = isIdentity(value); !framing {
				return nil
			}
			changed = true
		default:
			framing = false
			normal = append(normal, line...)
		}
	}
	return nil
}

// endNormal ends what normalFraming returns: with the line of a Content-Length, where there is one, the line that ends
// the header, and rest.
func endNormal(normal []byte, lengths []string, changed bool, end, rest []byte) []byte {
	if len(lengths) > 0 {
		length, same := sameLength(lengths)
		if !same {
			return nil
		}
		normal = append(append(append(normal, "Content-Length: "...), length...), "\r\n"...)
	}
	if !changed && len(lengths) < 2 {
		return nil
	}
	return append(append(normal, end...), rest...)
}

// isIdentity reports whether a value of Transfer-Encoding is identity alone.
func isIdentity(value string) bool {
	for word := range strings.SplitSeq(value, ",") {
		if !strings.EqualFold(strings.Trim(word, " \t"), "identity") {
			return false
		}
	}
	return true
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
