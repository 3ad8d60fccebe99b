package encode

import (
	"bytes"
	"strings"
)

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
