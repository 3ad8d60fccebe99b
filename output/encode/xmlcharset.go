package encode

import (
	"bytes"
	"strings"
)

// isXML reports whether a media type is one of XML (RFC 7303), or may be since there is none.
func isXML(kind string) bool {
	switch kind {
	case "", "application/xml", "text/xml", "application/xml-dtd", "application/xml-external-parsed-entity",
		"text/xml-external-parsed-entity", "text/xsl":
		return true
	}
	return strings.HasSuffix(kind, "+xml")
}

// xmlCharset returns the encoding that an XML declaration names (XML 1.0 sections 2.8 and 4.3.3), in lower case; empty
// where start does not begin with one, or it names none.
func xmlCharset(start []byte) string {
	rest, found := bytes.CutPrefix(start, []byte("<?xml"))
	if !found || len(rest) == 0 || !isTagSpace(rest[0]) {
		return ""
	}
	declaration, _, found := bytes.Cut(rest, []byte("?>"))
	if !found {
		return ""
	}
	for name := "."; name != ""; { // the declaration is written like the attributes of an element
		var value string
		if name, value, declaration = readAttribute(declaration); name == "encoding" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// utf16XML returns the charset of an XML declaration in UTF-16 without a byte order mark (XML 1.0 appendix F); empty is
// none.
func utf16XML(start []byte) string {
	switch {
	case bytes.HasPrefix(start, []byte("<\x00?\x00x\x00")):
		return "utf-16le"
	case bytes.HasPrefix(start, []byte("\x00<\x00?\x00x")):
		return "utf-16be"
	}
	return ""
}
