package paging

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"

	"golang.org/x/net/html"
)

// An attribute is one of an element of XML or HTML, whose value is the URL of the next page: ELEMENT@NAME, or that of
// the first element that has another one with a value, ELEMENT/NAME=VALUE@NAME. The zero attribute is none.
type attribute struct {
	element, name string
	filter, value string // the name of the other attribute, and one of its words; "": any element will do
}

var attributeForm = regexp.MustCompile(
	`^([A-Za-z_][\w.-]*)(?:/([A-Za-z_][\w.:-]*)=([^\s<>"&@]+))?@([A-Za-z_][\w.:-]*)$`)

// parseAttribute parses an attribute, and reports whether the text is one.
func parseAttribute(text string) (attribute, bool) {
	m := attributeForm.FindStringSubmatch(text)
	if m == nil {
		return attribute{}, false
	}
	return attribute{element: m[1], name: m[4], filter: m[2], value: m[3]}, true
}

// find is that of a form.
func (a attribute) find(r Response) (next Next, err error) {
	next.Ref, err = r.read(func(body io.Reader) (ref string, err error) {
		ref, next.Base, err = a.findIn(body, r.Header.Get("Content-Type"))
		return ref, err
	})
	return next, err
}

// findIn returns the value of the attribute in a document of that type, and the base that a HTML page says URLs are
// relative to; empty where there is none. The error is that of in, or a *BodyError where the document is neither HTML
// nor XML.
func (a attribute) findIn(in io.Reader, contentType string) (value, base string, err error) {
	buffered := bufio.NewReaderSize(in, headBytes)
	head, _ := buffered.Peek(headBytes) // an error comes again
	if strings.HasPrefix(strings.ToLower(contentType), "text/html") || isHTML(head) {
		return a.findHTML(buffered)
	}
	err = walkXML(buffered, a.element, func(_ int, token xml.Token) error {
		e, isStart := token.(xml.StartElement)
		if !isStart || e.Name.Local != a.element || !a.fits(func(name string) string { return xmlValue(e, name) }) {
			return nil
		}
		if value = reference(xmlValue(e, a.name)); value != "" {
			return errFound
		}
		return nil
	})
	if err != nil {
		return "", "", err
	}
	value, err = checkValue(value)
	return value, "", err
}

// headBytes is within how many bytes a HTML page says that it is one.
const headBytes = 1024

// isHTML reports whether a document begins as HTML does, in whatever syntax; else it is XML.
func isHTML(head []byte) bool {
	head = bytes.ToLower(head)
	return bytes.Contains(head, []byte("<!doctype html")) || bytes.Contains(head, []byte("<html"))
}

// findHTML is findIn for HTML, whose names have no case.
func (a attribute) findHTML(in io.Reader) (value, base string, err error) {
	z := html.NewTokenizer(in)
	z.SetMaxBuf(maxToken)
	for {
		switch z.Next() {
		case html.ErrorToken:
			switch {
			case errors.Is(z.Err(), io.EOF):
				return "", "", nil
			case errors.Is(z.Err(), html.ErrBufferExceeded):
				return "", "", &BodyError{"the body has a text, comment or tag longer than 1 MiB"}
			}
			return "", "", z.Err()
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			get := func(name string) string { return htmlValue(token, name) }
			if token.Data == "base" && base == "" {
				base = strings.TrimSpace(get("href"))
			}
			if token.Data != strings.ToLower(a.element) || !a.fits(get) {
				continue
			}
			if value = reference(get(a.name)); value != "" {
				value, err = checkValue(value)
				return value, base, err
			}
		}
	}
}

// reference returns the value of an attribute without the space around it and the line breaks and tabs in it, which are
// no part of a URL (URL Standard, section 4.4); empty where it is a fragment alone. That leads to no other page (RFC
// 3986 section 4.4): buttons that are disabled on the last page have href="#".
func reference(value string) string {
	if value = withoutBreaks.Replace(strings.TrimSpace(value)); strings.HasPrefix(value, "#") {
		return ""
	}
	return value
}

var withoutBreaks = strings.NewReplacer("\n", "", "\r", "", "\t", "")

// fits reports whether an element whose attributes get returns is one that is looked for. The words of a relation have
// no case (RFC 8288 section 2.1).
func (a attribute) fits(get func(name string) string) bool {
	if a.filter == "" {
		return true
	}
	for word := range strings.FieldsSeq(get(a.filter)) {
		if strings.EqualFold(word, a.value) {
			return true
		}
	}
	return false
}

// xmlValue returns the value of an attribute, empty where there is none. Its name may have a prefix.
func xmlValue(e xml.StartElement, name string) string {
	for _, a := range e.Attr {
		if a.Name.Local == name || a.Name.Space+":"+a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// htmlValue returns the value of an attribute, empty where there is none.
func htmlValue(token html.Token, name string) string {
	for _, a := range token.Attr {
		if strings.EqualFold(a.Key, name) {
			return a.Val
		}
	}
	return ""
}
