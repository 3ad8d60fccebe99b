package redact

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"batchfetch/fetch/httpurl"
)

// Placeholder is the text that replaces anything secret in every output.
const Placeholder = "***"

// URL returns a URL with its userinfo, if it has any, replaced by Placeholder. Other text is returned unchanged.
func URL(text string) string {
	start, end := httpurl.Authority(text)
	at := strings.LastIndexByte(text[start:end], '@')
	if at < 0 {
		return text
	}
	return text[:start] + Placeholder + text[start+at:]
}

// Proxy is URL for a proxy, whose scheme may be left out.
func Proxy(text string) string {
	if at := strings.LastIndexByte(text, '@'); at >= 0 && !strings.Contains(text, "://") {
		return Placeholder + text[at:]
	}
	return URL(text)
}

// URLs returns text with the userinfo of every URL in it replaced by Placeholder. Whatever follows // may be a URL and
// is treated as one.
func URLs(text string) string {
	if !strings.Contains(text, "//") || !strings.Contains(text, "@") {
		return text
	}
	var masked strings.Builder
	for {
		before, rest, found := strings.Cut(text, "//")
		masked.WriteString(before)
		if !found {
			return masked.String()
		}
		masked.WriteString("//")
		end := strings.IndexAny(rest, "/?#<>\"' \t")
		if end < 0 {
			end = len(rest)
		}
		if at := strings.LastIndexByte(rest[:end], '@'); at >= 0 {
			masked.WriteString(Placeholder)
			rest = rest[at:]
		}
		text = rest
	}
}

// SetCookie returns the value of a Set-Cookie header with the cookie's value replaced by Placeholder. Its name and
// attributes stay; where there is no name, all before the attributes is replaced.
func SetCookie(text string) string {
	cookie, attributes, more := strings.Cut(text, ";")
	name, _, named := strings.Cut(cookie, "=")
	masked := Placeholder
	if named {
		masked = name + "=" + Placeholder
	}
	if more {
		masked += ";" + attributes
	}
	return masked
}

// Line returns the start of an input line that could not be parsed, at most maxLine bytes of it, as a copy. What is
// secret in such a line can't be known, so it replaces too much rather than too little: all that follows the name of a
// secret header or an option with a password, and all from the first scheme, or the start, to the last @.
func Line(line []byte) []byte {
	plain := unescapeJSON(line)
	masked := plain
	end := endOfSecretName(lowerASCII(plain))
	if at := endOfSecretOption(plain[:min(len(plain), 4*maxLine)]); at > 0 && (end == 0 || at < end) {
		end = at
	}
	if end > 0 {
		masked = append(bytes.Clone(plain[:end]), " "+Placeholder...)
	}
	at := bytes.LastIndexByte(masked, '@')
	switch {
	case end > 0 && bytes.IndexByte(plain[:end], ':') >= 0 && bytes.IndexByte(plain[end:], '@') >= 0:
		// what is taken for the name may stand in a password
		masked = append(bytes.Clone(plain[:startOfAuthority(plain[:end])]), Placeholder...)
	case at >= 0 && !isMailto(masked):
		start := startOfAuthority(masked[:at])
		masked = append(append(bytes.Clone(masked[:start]), Placeholder...), masked[at:]...)
	}
	if bytes.Equal(masked, plain) {
		masked = line // nothing was secret: the original, escapes included
	}
	return bytes.Clone(masked[:min(len(masked), maxLine)])
}

// startOfAuthority returns where in a line what follows the first scheme begins; 0 where there is none.
func startOfAuthority(line []byte) int {
	start := bytes.Index(line, []byte(":/")) + 1
	if start > 0 {
		for start < len(line) && line[start] == '/' {
			start++
		}
	}
	return start
}

// isMailto reports whether a line is the address of a mailbox (RFC 6068), which has no password.
func isMailto(line []byte) bool {
	const scheme = "mailto:"
	return len(line) > len(scheme) && string(lowerASCII(line[:len(scheme)])) == scheme &&
		!bytes.ContainsAny(line[len(scheme):], ":/\\")
}

// endOfSecretName returns where in an input line, in lower case, the first name of a secret header ends; 0 is none.
// But for Authorization and Cookie, their words stand in paths too, and count only before what may separate a name from
// its value.
func endOfSecretName(line []byte) int {
	first := 0
	for _, name := range []string{"authorization", "cookie"} {
		if at := bytes.Index(line, []byte(name)); at >= 0 && (first == 0 || at+len(name) < first) {
			first = at + len(name)
		}
	}
	for at := 0; at < len(line); {
		size := lenName(line[at:])
		name := line[at : at+size]
		if at += size; size == 0 {
			at++
			continue
		}
		if first > 0 && at >= first {
			break
		}
		if endsName(line[at:]) && kindOfWords(name) != ordinary {
			return at
		}
	}
	return first
}

// lenName returns the length of the header name, in lower case, that text starts with.
func lenName(text []byte) int {
	for i, c := range text {
		if !(c == '-' || c == '_' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z') {
			return i
		}
	}
	return len(text)
}

// endsName reports whether what follows a name may separate it from its value.
func endsName(rest []byte) bool {
	return len(rest) > 0 && bytes.IndexByte([]byte("\"':= \t"), rest[0]) >= 0
}

// lowerASCII returns a copy of text with ASCII letters in lower case. Unlike bytes.ToLower it keeps the index of every
// byte.
func lowerASCII(text []byte) []byte {
	lower := bytes.Clone(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}

// unescapeJSON returns text with JSON escapes such as \/ and \u0041 decoded, in which a name or a scheme would not be
// found. Where there is no backslash it returns text itself.
func unescapeJSON(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	plain := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && i+1 < len(text) && text[i+1] == '/':
			continue
		case text[i] == '\\' && i+5 < len(text) && text[i+1] == 'u':
			if code, err := strconv.ParseUint(string(text[i+2:i+6]), 16, 16); err == nil {
				plain = utf8.AppendRune(plain, rune(code))
				i += 5
				continue
			}
		}
		plain = append(plain, text[i])
	}
	return plain
}

// maxLine bounds the result of Line, in bytes.
const maxLine = 256
