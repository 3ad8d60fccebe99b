package encode

import (
	"bytes"
	"strings"
)

// metaPrescanSize is how much of an HTML page is searched for a meta element, in bytes; browsers do the same.
const metaPrescanSize = 1024

// effectiveCharset returns the charset of a body: UTF-8 by its byte order mark; else the declared one; else that of a
// meta element at the start of an HTML page, or of the declaration of an XML document; else an empty string.
func effectiveCharset(kind, charset string, start []byte) string {
	isHTML := kind == "text/html" || kind == "application/xhtml+xml"
	switch {
	case bytes.HasPrefix(start, []byte(byteOrderMark)):
		return "utf-8"
	case charset != "" || hasUTF16BOM(start):
		return charset
	}
	start = start[:min(len(start), metaPrescanSize)]
	found := ""
	if isHTML {
		found = metaCharset(start)
	}
	if found == "" && (isHTML || isXML(kind)) {
		if found = utf16XML(start); found != "" {
			return found
		}
		found = xmlCharset(start)
	}
	switch {
	case strings.HasPrefix(found, "utf-16"):
		return "utf-8" // UTF-16 would have made the declaration unreadable
	case found == "x-user-defined":
		return "windows-1252"
	}
	return found
}

// metaCharset is the "prescan a byte stream" of the HTML standard (section 13.2.3.2): it returns the charset of the
// first meta element that declares one, in lower case; empty where none does.
func metaCharset(page []byte) string {
	for {
		at := bytes.IndexByte(page, '<')
		if at < 0 {
			return ""
		}
		page = page[at+1:]
		switch {
		case bytes.HasPrefix(page, []byte("!--")):
			end := bytes.Index(page[1:], []byte("-->")) // <!--> is a whole comment
			if end < 0 {
				return ""
			}
			page = page[1+end:]
		case len(page) > 4 && strings.EqualFold(string(page[:4]), "meta") && (isTagSpace(page[4]) || page[4] == '/'):
			var charset string
			if charset, page = readMeta(page[4:]); charset != "" {
				return charset
			}
		case len(page) > 0 && (isLetter(page[0]) || len(page) > 1 && page[0] == '/' && isLetter(page[1])):
			page = page[tagNameEnd(page):]
			for name := "."; name != ""; {
				name, _, page = readAttribute(page)
			}
		}
	}
}

func isTagSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\f' || c == '\r' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func tagNameEnd(page []byte) int {
	if end := bytes.IndexAny(page, " \t\n\f\r>"); end >= 0 {
		return end
	}
	return len(page)
}

// readMeta returns the charset that the attributes of a meta element declare, and the page after them.
func readMeta(page []byte) (charset string, rest []byte) {
	var fromContent string
	pragma := false
	for {
		var name, value string
		name, value, page = readAttribute(page)
		switch name {
		case "":
			if charset == "" && pragma {
				charset = fromContent
			}
			return charset, page
		case "charset":
			charset = strings.TrimSpace(value)
		case "http-equiv":
			pragma = value == "content-type"
		case "content":
			fromContent = charsetIn(value)
		}
	}
}

// charsetIn returns the value of charset= in the content of a meta element.
func charsetIn(content string) string {
	_, rest, found := strings.Cut(content, "charset")
	value, equals := strings.CutPrefix(strings.TrimLeft(rest, " \t\n\f\r"), "=")
	value = strings.TrimLeft(value, " \t\n\f\r")
	if !found || !equals || value == "" {
		return ""
	}
	if quote := value[:1]; quote == `"` || quote == `'` {
		value, _, _ = strings.Cut(value[1:], quote)
		return value
	}
	if end := strings.IndexAny(value, "; \t\n\f\r"); end >= 0 {
		value = value[:end]
	}
	return value
}

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

// byteOrderMark may precede a text in UTF-8. RFC 8259 section 8.1 lets a parser of JSON ignore it.
const byteOrderMark = "\uFEFF"

func hasUTF16BOM(start []byte) bool {
	return bytes.HasPrefix(start, []byte{0xfe, 0xff}) || bytes.HasPrefix(start, []byte{0xff, 0xfe})
}
