package paging

import (
	"errors"
	"io"
	"net/http"
	"strings"
)

// A Place is where a response has the URL of the next page. The zero Place is none: no pages are followed.
type Place struct {
	link    bool
	pointer Pointer
}

// Parse parses "link", or a JSON pointer (RFC 6901 section 5), which starts with a slash.
func Parse(text string) (Place, error) {
	switch {
	case text == "link":
		return Place{link: true}, nil
	case strings.HasPrefix(text, "/"):
		pointer, err := ParsePointer(text)
		return Place{pointer: pointer}, err
	}
	return Place{}, errors.New("is neither link nor a JSON pointer such as /links/next")
}

// IsSet reports whether it is not the zero Place.
func (p Place) IsSet() bool { return p.link || p.pointer != nil }

// InBody reports whether it is in the body of a response.
func (p Place) InBody() bool { return p.pointer != nil }

// Next returns the reference to the next page that a response has, as it is written; empty is none: the response is
// the last page. body is read only where the Place is in it. The error is that of body, or a *BodyError.
func (p Place) Next(header http.Header, body io.Reader) (string, error) {
	if p.link {
		return NextLink(header["Link"]), nil
	}
	return p.pointer.Find(body)
}
