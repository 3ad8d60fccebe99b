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
	// Open opens the body. It is called only where the Place is in that, and then more than once where it has a condition.
	Open func() (io.ReadCloser, error)
}

// Next is the next page.
type Next struct {
	// Ref is the reference to its URL, as it is written; empty is none: the response is the last page.
	Ref string
	// Base is the reference to the URL that Ref is relative to, itself relative to that of this page; empty is that one.
	Base string
	// Params are the names of the parameters in Ref that may not be in the page after it, where that has none of them.
	Params []string
}
