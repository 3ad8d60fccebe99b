package paging

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// A Place is where a response has the URL of the next page. The zero Place is none: no pages are followed.
type Place struct {
	link    bool
	param   string // of the query, whose value is at pointer or element; "": the URL is at pointer
	pointer Pointer
	element string // the local name of an XML element; "": it is in JSON
}

// Parse parses "link", or a JSON pointer (RFC 6901 section 5), which starts with a slash, or the name of a parameter of
// the query, = and a pointer to its value for the next page, or the name of the XML element that has it.
func Parse(text string) (Place, error) {
	if text == "link" {
		return Place{link: true}, nil
	}
	if strings.HasPrefix(text, "/") {
		pointer, err := ParsePointer(text)
		return Place{pointer: pointer}, err
	}
	param, at, _ := strings.Cut(text, "=")
	switch {
	case param == "" || at == "" || strings.ContainsAny(at, " \t<>:&=\"") && at[0] != '/':
		return Place{}, errors.New("is neither link nor a JSON pointer such as /links/next or cursor=/next_cursor, " +
			"nor an element of XML such as marker=NextMarker")
	case at[0] != '/':
		return Place{param: param, element: at}, nil
	}
	pointer, err := ParsePointer(at)
	return Place{param: param, pointer: pointer}, err
}

// IsSet reports whether it is not the zero Place.
func (p Place) IsSet() bool { return p.link || p.InBody() }

// InBody reports whether it is in the body of a response.
func (p Place) InBody() bool { return p.pointer != nil || p.element != "" }

// Next returns the reference to the next page that a response has, as it is written; empty is none: the response is
// the last page. query is that of the URL of this page. body is read only where the Place is in it. The error is that
// of body, or a *BodyError.
func (p Place) Next(header http.Header, query string, body io.Reader) (value string, err error) {
	switch {
	case p.link:
		return NextLink(header["Link"]), nil
	case p.param == "":
		return p.pointer.Find(body)
	case p.element != "":
		value, err = findElement(body, p.element)
	default:
		value, err = p.pointer.FindValue(body)
	}
	if value == "" || err != nil {
		return "", err
	}
	return "?" + withParameter(query, p.param, value), nil
}

// withParameter returns a query in which a parameter has a value: the first of its name has it, others are left out.
func withParameter(query, name, value string) string {
	set := url.QueryEscape(name) + "=" + url.QueryEscape(value)
	var pairs []string
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		unescaped, err := url.QueryUnescape(key)
		switch {
		case pair == "":
		case err != nil || unescaped != name:
			pairs = append(pairs, pair)
		case set != "":
			pairs = append(pairs, set)
			set = ""
		}
	}
	if set != "" {
		pairs = append(pairs, set)
	}
	return strings.Join(pairs, "&")
}
