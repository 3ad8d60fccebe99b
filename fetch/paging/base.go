package paging

import (
	"errors"
	"net/url"
	"strings"
)

// A base is where a body has what the URL of the next page is relative to. The zero base is none: it is the URL of this
// page.
type base struct {
	context Pointer // OData: to a URL
	root    Pointer // Confluence: to a URL that a path from / on is put behind
}

// baseOf returns the base of the URL that a pointer leads to, by the names on the way.
//
//   - OData JSON Format 4.01, section 4.3: a relative URL is relative to the context URL, that of the service. In
//     OData 3 that is odata.metadata.
//   - Confluence has {"_links": {"base": "https://example.com/wiki", "next": "/rest/api/content?start=25"}}, where the
//     path of base is to be put in front; its newer API has that already.
func baseOf(p Pointer) base {
	last := p[len(p)-1]
	switch {
	case strings.HasSuffix(last, "@odata.nextLink"):
		return base{context: Pointer{"@odata.context"}}
	case strings.HasSuffix(last, "@nextLink"):
		return base{context: Pointer{"@context"}}
	case last == "odata.nextLink":
		return base{context: Pointer{"odata.metadata"}}
	case len(p) > 1 && last == "next" && p[len(p)-2] == "_links":
		return base{root: append(p[:len(p)-1:len(p)-1], "base")}
	}
	return base{}
}

// of returns the next page with a reference that the base is for.
func (b base) of(ref string, r Response) (Next, error) {
	pointer := b.context
	if b.root != nil && strings.HasPrefix(ref, "/") && !strings.HasPrefix(ref, "//") {
		pointer = b.root
	}
	if strings.HasPrefix(ref, "?") { // a query alone is for this page: that of the context has no pages
		pointer = nil
	}
	if pointer == nil {
		return Next{Ref: ref}, nil
	}
	found, err := r.read(pointer.Find)
	var odd *BodyError
	if errors.As(err, &odd) { // no text, or the rest of the body is no JSON
		found, err = "", nil
	}
	if b.root != nil {
		return Next{Ref: behind(found, ref)}, err
	}
	return Next{Ref: ref, Base: found}, err
}

// behind returns a path from / on, with its query, behind the URL of the root of an API, unless it has the path of that
// already.
func behind(root, path string) string {
	u, err := url.Parse(root)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" {
		return path
	}
	prefix := strings.TrimSuffix(u.EscapedPath(), "/")
	if strings.HasPrefix(path, prefix+"/") {
		return path
	}
	return u.Scheme + "://" + u.Host + prefix + path
}
