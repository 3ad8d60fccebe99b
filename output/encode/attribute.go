package encode

import (
	"bytes"
	"strings"
)

// readAttribute returns the next attribute of an element, in lower case, and the page after it. An empty name is the
// end of the element.
func readAttribute(page []byte) (name, value string, rest []byte) {
	page = bytes.TrimLeft(page, " \t\n\f\r/")
	if len(page) == 0 || page[0] == '>' {
		return "", "", page
	}
	end := 1 // a name may start with =
	for end < len(page) && page[end] != '=' && page[end] != '>' && page[end] != '/' && !isTagSpace(page[end]) {
		end++
	}
	name = strings.ToLower(string(page[:end]))
	page = bytes.TrimLeft(page[end:], " \t\n\f\r")
	if len(page) == 0 || page[0] != '=' {
		return name, "", page
	}
	page = bytes.TrimLeft(page[1:], " \t\n\f\r")
	if len(page) == 0 {
		return name, "", page
	}
	if quote := page[0]; quote == '"' || quote == '\'' {
		text, after, _ := bytes.Cut(page[1:], []byte{quote})
		return name, strings.ToLower(string(text)), after
	}
	end = tagNameEnd(page)
	return name, strings.ToLower(string(page[:end])), page[end:]
}

// isTagSpace reports whether a byte separates attributes.
func isTagSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

// isLetter reports whether a byte is a letter of ASCII.
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// tagNameEnd returns where the name, or unquoted value, at the start of page ends.
func tagNameEnd(page []byte) int {
	if end := bytes.IndexAny(page, " \t\n\f\r>"); end >= 0 {
		return end
	}
	return len(page)
}
