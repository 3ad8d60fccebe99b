package cache

import (
	"crypto/sha256"
	"net/http"
	"slices"
	"strings"
)

// A Request is the part of a request that selects a stored response (RFC 9111 section 4).
type Request struct {
	// Method is GET or HEAD.
	Method string
	// URL is the target without userinfo and fragment, normalized.
	URL string
	// Via is what else decides which server responds, such as a Host header given by the user; empty is nothing.
	Via string
	// Who is a hash of the credentials that are sent; zero means none. Responses to them are found with the same ones
	// alone.
	Who Sum
	// Header is the request's header: Vary names fields of it.
	Header http.Header
}

// Key returns the key under which the response is stored, or the choice of several.
func (r *Request) Key() Key {
	var room [512]byte // of which nothing is allocated for most URLs
	text := room[:0]
	for _, part := range [...]string{"batchfetch cache 1", r.Method, r.URL, r.Via} {
		text = append(append(text, part...), '\n') // which none of them contains
	}
	return sha256.Sum256(text)
}

// codingName is the header by which nearly every response varies, and which users hardly ever change. Where it is the
// only one, the response is stored without a choice, which would cost every hit and every response another file.
const codingName = "Accept-Encoding"

// coding returns the request's Accept-Encoding.
func (r *Request) coding() string { return strings.Join(r.Header[codingName], ",") }

// codedLike reports whether a response that varies by Accept-Encoding alone was selected by the value that r has.
func (r *Request) codedLike(e *Entry) bool {
	return e.kind != ofResponse || !slices.Contains(varyNames(e.Header["Vary"]), codingName) || e.coding == r.coding()
}
