package paging

import "strings"

// NextLink returns the target of the first link with the relation "next" in the Link fields of a response (RFC 8288
// section 3), as it is written; empty is none. Links with an anchor are about another page, and are passed over. Like
// the algorithm of RFC 8288 appendix B.2 it takes what it can get of a field that is not well formed.
func NextLink(fields []string) string {
	for _, text := range fields {
		for text != "" {
			var l link
			if l, text = readLink(text); l.target != "" && l.isNext {
				return l.target
			}
		}
	}
	return ""
}

// A link is what NextLink needs of a link-value.
type link struct {
	target string
	isNext bool // its relation types have "next", and it has no anchor
}

// readLink reads the first link-value of a field and returns the rest of the field behind its comma. The target is
// empty where there is none.
func readLink(text string) (l link, rest string) {
	text = strings.TrimLeft(text, " \t,")
	if !strings.HasPrefix(text, "<") {
		return l, skipToComma(text)
	}
	target, text, closed := strings.Cut(text[1:], ">")
	if !closed {
		return l, ""
	}
	l.target = strings.TrimSpace(target)
	hasRel, hasAnchor := false, false
	for {
		text = strings.TrimLeft(text, " \t")
		if !strings.HasPrefix(text, ";") {
			l.isNext = l.isNext && !hasAnchor
			return l, skipToComma(text)
		}
		var name, value string
		name, value, text = readParameter(text[1:])
		switch {
		case name == "rel" && !hasRel: // of several the first counts (section 3.3)
			hasRel, l.isNext = true, hasNext(value)
		case name == "anchor":
			hasAnchor = true
		}
	}
}

// readParameter reads one parameter of a link: its name in lower case, its value without quotation marks.
func readParameter(text string) (name, value, rest string) {
	end := strings.IndexAny(text, "=;,")
	if end < 0 {
		return strings.ToLower(strings.TrimSpace(text)), "", ""
	}
	name, rest = strings.ToLower(strings.TrimSpace(text[:end])), text[end:]
	if rest[0] != '=' {
		return name, "", rest
	}
	rest = strings.TrimLeft(rest[1:], " \t")
	if strings.HasPrefix(rest, `"`) {
		value, rest = readQuoted(rest[1:])
		return name, value, rest
	}
	end = strings.IndexAny(rest, ";,")
	if end < 0 {
		end = len(rest)
	}
	return name, strings.TrimSpace(rest[:end]), rest[end:]
}

// readQuoted reads a quoted-string (RFC 9110 section 5.6.4) behind its first quotation mark. One that does not end is
// taken to the end of the field.
func readQuoted(text string) (value, rest string) {
	var unescaped strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return unescaped.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		unescaped.WriteByte(text[i])
	}
	return unescaped.String(), ""
}

// hasNext reports whether "next" is among relation types (RFC 8288 section 3.3), which have no case. Some servers write
// them in single quotes.
func hasNext(types string) bool {
	for each := range strings.FieldsSeq(strings.Trim(types, "'")) {
		if strings.EqualFold(each, "next") {
			return true
		}
	}
	return false
}

// skipToComma returns what follows the next comma that is not in a quoted-string.
func skipToComma(text string) string {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case ',':
			return text[i+1:]
		case '"':
			_, rest := readQuoted(text[i+1:])
			return skipToComma(rest)
		}
	}
	return ""
}
