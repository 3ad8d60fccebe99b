package fetch

import (
	"net/http"

	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/paging"
)

// A Page is one of the pages that a Request has with Options.Paginate, as the page before it names it.
type Page struct {
	// Number is 1-based: a page that another names has at least 2.
	Number int64
	// URL is the URL of the page without userinfo, or the text that stands in its place and is no URL.
	URL string
	// Body is the body of its request, in the form that the one of the page before has; nil is none.
	Body []byte
	// Get says that the page is requested by GET, whatever the method of the first one.
	Get bool
	// Params are the names of the parameters in its query that the page before gave it, where those may be others on each
	// page; they become those of the Request. Nil is none; empty are those that the URL of the first page has not, as a
	// journal keeps no names.
	Params []string
	// OmitCredentials and PublicOnly become those of the Request.
	OmitCredentials, PublicOnly bool
}

// AtPage returns the Request of a page that a response to r has named. It has ID, Meta, Tag and Path of r, and where
// the page has no body of its own the headers as after a redirect (303 See Other, RFC 9110 section 15.4.4); where the
// page has the origin of r also the userinfo of r. It knows of r, so that a loop is found.
func (r Request) AtPage(p Page) Request {
	first, err := r.ParsedURL()
	next := r
	next.earlier = r.earlier.With(r.pageKey())
	next.URL, next.Page, next.SHA256, next.Body = p.URL, p.Number, "", p.Body
	if p.Body == nil {
		next.BodyForm = BodyText
	}
	next.OmitCredentials, next.PublicOnly, next.PageParams = p.OmitCredentials, p.PublicOnly, p.Params
	if p.Get {
		next.Method = http.MethodGet
	}
	if len(r.Header) > 0 && p.Body == nil {
		next.Header = withoutHeaders(r.Header, isContentHeader)
	}
	if p.OmitCredentials {
		next.Header = withoutHeaders(next.Header, isDroppedAcrossOrigins)
	}
	if len(next.Header) == 0 {
		next.Header = nil
	}
	if next.parse() != nil || err != nil { // setTarget says what is wrong with it
		return next
	}
	if first.User != nil && !p.OmitCredentials && httpurl.Origin(first) == httpurl.Origin(next.url) {
		u := *next.url
		u.User = first.User
		next.URL, next.url = u.String(), &u
		next.urlText = next.URL
	}
	return next
}

// ResumeAt is AtPage for a page that an earlier run has come to; earlier has the pages before it but that of r, and is
// then the Request's.
func (r Request) ResumeAt(p Page, earlier PageSet) Request {
	r.earlier = earlier
	next := r.AtPage(p)
	if first, err := r.ParsedURL(); err == nil && p.Params != nil && next.url != nil {
		next.PageParams = paging.Added(next.url.RawQuery, first.RawQuery)
	}
	return next
}

// isLoop reports whether a Request is for a page that came before in its chain of pages.
func (r *Request) isLoop() bool {
	return r.earlier.has(r.pageKey())
}

// pageKey returns what a page is known by. The first one is not known by its body, which no other has then.
func (r *Request) pageKey() string {
	if r.Page <= 1 {
		return r.URL
	}
	return (&Page{URL: r.URL, Body: r.Body}).Key()
}

// Key returns what tells a page from others: its URL, and the body of its request.
func (p *Page) Key() string {
	if p.Body == nil {
		return p.URL
	}
	return p.URL + "\n" + string(p.Body)
}
