package paging

import (
	"io"
	"net/http"
)

// A Response is what the next page is found by.
type Response struct {
	Header http.Header
	// Query is that of the URL of this page, Carried the names of its parameters that are of the response before it (see
	// Next).
	Query   string
	Carried []string
	// Sent is the body of the request.
	Sent []byte
	// Open opens the body. It is called only where the Place is in that, and then more than once where it has a condition.
	Open func() (io.ReadCloser, error)
}

// Next is the next page; the zero Next is none: the response is the last page.
type Next struct {
	// Ref is the reference to its URL, as it is written; empty where it has that of the first one, with Body.
	Ref string
	// Body is the body of its request; nil is none.
	Body []byte
	// Base is the reference to the URL that Ref is relative to, itself relative to that of this page; empty is that one.
	Base string
	// Params are the names of the parameters in Ref that may not be in the page after it, where that has none of them.
	Params []string
}

// IsNone reports whether there is no next page.
func (n *Next) IsNone() bool { return n.Ref == "" && n.Body == nil }

// read returns what find makes of the body.
func (r *Response) read(find func(body io.Reader) (string, error)) (string, error) {
	body, err := r.Open()
	if err != nil {
		return "", err
	}
	defer func() { _ = body.Close() }() // only read
	return find(body)
}
