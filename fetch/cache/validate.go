package cache

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Validators are what a server knows a version of its answer by (RFC 9110 section 8.8).
type Validators struct {
	// ETag is an entity tag, strong or weak; empty is none.
	ETag string
	// LastModified is a date as it was sent; empty is none.
	LastModified string
}

// mostTag bounds an entity tag that is sent back.
const mostTag = 1 << 10

// ValidatorsOf returns those of an answer's header that can be sent back.
func ValidatorsOf(h http.Header) (v Validators) {
	if tags := h["Etag"]; len(tags) == 1 && isTag(tags[0]) {
		v.ETag = tags[0]
	}
	if _, ok := dateOf(h["Last-Modified"]); ok {
		v.LastModified = h["Last-Modified"][0]
	}
	return v
}

func hasValidator(h http.Header) bool { return ValidatorsOf(h) != Validators{} }

// isTag knows entity tags (RFC 9110 section 8.8.3), of ASCII alone.
func isTag(text string) bool {
	opaque := strings.TrimPrefix(text, "W/")
	if len(text) > mostTag || len(opaque) < 2 || opaque[0] != '"' || opaque[len(opaque)-1] != '"' {
		return false
	}
	for _, c := range []byte(opaque[1 : len(opaque)-1]) {
		if c <= ' ' || c == '"' || c >= 0x7f {
			return false
		}
	}
	return true
}

// Conditions returns the headers by which a server says whether what is kept still holds (RFC 9111 section 4.3.1); nil is none.
func (v Validators) Conditions() http.Header {
	if v == (Validators{}) {
		return nil
	}
	h := make(http.Header, 2)
	if v.ETag != "" {
		h["If-None-Match"] = []string{v.ETag}
	}
	if v.LastModified != "" {
		h["If-Modified-Since"] = []string{v.LastModified}
	}
	return h
}

// Confirms reports whether a 304 is about the answer that v is of (RFC 9111 section 4.3.4). A server that leaves its validators out
// of a 304 means the one that it was asked for.
func (v Validators) Confirms(h http.Header) bool {
	if tags := h["Etag"]; len(tags) > 0 && v.ETag != "" {
		if strings.HasPrefix(tags[0], "W/") || strings.HasPrefix(v.ETag, "W/") {
			return strings.TrimPrefix(tags[0], "W/") == strings.TrimPrefix(v.ETag, "W/") // weak comparison: RFC 9110 section 8.8.3.2
		}
		return len(tags) == 1 && tags[0] == v.ETag
	}
	if dates := h["Last-Modified"]; len(dates) > 0 && v.ETag == "" && v.LastModified != "" {
		return dates[0] == v.LastModified
	}
	return true
}

// Freshen returns e with what a 304 says in place of what it said before (RFC 9111 sections 3.2 and 4.3.4). What the kept body
// depends on stays as it is: its codings, its range, its length.
func (e *Entry) Freshen(h http.Header, received time.Time) Entry {
	fresh := *e
	fresh.Header = make(http.Header, len(e.Header))
	for name, values := range e.Header {
		fresh.Header[name] = values
	}
	delete(fresh.Header, "Age") // of an answer that came by another way
	for name, values := range Storable(h, received) {
		switch name {
		case "Content-Encoding", "Content-Range":
		default:
			fresh.Header[name] = values
		}
	}
	return fresh
}

// Storable returns the fields of an answer that are kept: not those of one connection (RFC 9111 section 3.1, RFC 9110 section 7.6.1),
// nor the length of what came over it, nor cookies, which are secrets of one moment. One without a Date gets that of its
// arrival (RFC 9110 section 6.6.1). It shares the values of h.
func Storable(h http.Header, received time.Time) http.Header {
	kept := make(http.Header, len(h)+1)
	kept["Date"] = []string{received.UTC().Format(http.TimeFormat)}
	for name, values := range h {
		if !isNotStorable(name) {
			kept[name] = values
		}
	}
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			delete(kept, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	return kept
}

func isNotStorable(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization", "Content-Length", "Set-Cookie", "Set-Cookie2":
		return true
	}
	return false
}

// Invalidates reports whether an answer makes what is kept for its URL wrong (RFC 9111 section 4.4): no error, to a method that is not safe
// (RFC 9110 section 9.2.1), be it one that nobody knows.
func Invalidates(method string, status int) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return status >= 200 && status < 400
}

// AlsoInvalid returns the other URLs that such an answer speaks of: those of Location and Content-Location on the same origin,
// so that nobody can speak for another's.
func AlsoInvalid(u *url.URL, h http.Header) []*url.URL {
	var list []*url.URL
	for _, name := range [...]string{"Location", "Content-Location"} {
		for _, text := range h[name][:min(len(h[name]), 1)] {
			other, err := u.Parse(text)
			if err == nil && strings.EqualFold(other.Scheme, u.Scheme) && strings.EqualFold(other.Host, u.Host) {
				list = append(list, other)
			}
		}
	}
	return list
}
