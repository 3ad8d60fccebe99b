package cache

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Validators identify a version of a response to the server (RFC 9110 section 8.8).
type Validators struct {
	// ETag is an entity tag, strong or weak; empty means none.
	ETag string
	// LastModified is a date as it was received; empty means none.
	LastModified string
}

// mostTag bounds an entity tag that is sent back, in bytes.
const mostTag = 1 << 10

// ValidatorsOf returns the validators of a response's header that can be sent back.
func ValidatorsOf(h http.Header) (v Validators) {
	if tags := h["Etag"]; len(tags) == 1 && isTag(tags[0]) {
		v.ETag = tags[0]
	}
	if _, ok := dateOf(h["Last-Modified"]); ok {
		v.LastModified = h["Last-Modified"][0]
	}
	return v
}

// hasValidator reports whether a response can be revalidated.
func hasValidator(h http.Header) bool {
	tags := h["Etag"]
	return len(tags) == 1 && isTag(tags[0]) || ValidatorsOf(h) != Validators{} // to parse a date takes longer
}

// isTag reports whether text is an entity tag (RFC 9110 section 8.8.3), of ASCII alone. One without quotes, as WEBrick
// sends it, can be sent back too, as browsers do; it has no comma, which would make it two.
func isTag(text string) bool {
	opaque := strings.TrimPrefix(text, "W/")
	inner, quoted := opaque, len(opaque) > 1 && opaque[0] == '"' && opaque[len(opaque)-1] == '"'
	if quoted {
		inner = opaque[1 : len(opaque)-1]
	}
	if len(text) > mostTag || !quoted && (opaque == "" || opaque == "*") {
		return false
	}
	for _, c := range []byte(inner) {
		if c <= ' ' || c == '"' || c >= 0x7f || c == ',' && !quoted {
			return false
		}
	}
	return true
}

// Validators returns the validators of a stored response to r that tell its versions apart.
func (r *Request) Validators(h http.Header) Validators {
	v := ValidatorsOf(h)
	if u, err := url.Parse(r.URL); err == nil && IsURLTag(v.ETag, u) {
		v.ETag = ""
	}
	return v
}

// IsURLTag reports whether an entity tag is no more than the path of its URL, or the URL. All versions have the same
// then: cache.ETag of Iris 12.2 answers 304 for ever to a client that sends such a tag back.
func IsURLTag(tag string, u *url.URL) bool {
	name := strings.Trim(strings.TrimPrefix(tag, "W/"), `"`)
	return strings.Contains(name, "/") &&
		(name == u.Path || name == u.EscapedPath() || name == u.RequestURI() || name == u.String())
}

// Conditions returns the headers of a conditional request, by which a server says whether the stored response is still
// valid (RFC 9111 section 4.3.1); nil where there is no validator.
func (v Validators) Conditions() http.Header {
	if v == (Validators{}) {
		return nil
	}
	h := make(http.Header, 2)
	if tags := v.tags(); len(tags) > 0 {
		h["If-None-Match"] = []string{strings.Join(tags, ", ")}
	}
	if v.LastModified != "" {
		h["If-Modified-Since"] = []string{v.LastModified}
	}
	return h
}

// codingSuffixes are what servers append to an entity tag, within its quotes, for a body that they compress as they
// send it. Some of them know the tag without it only (Apache's mod_deflate and mod_brotli, DeflateAlterETag AddSuffix).
var codingSuffixes = []string{"--gzip", "-gzip", "-br", "-zstd", "-deflate", ";gzip", ";br"}

// tags returns the entity tags under which the server may know the response: its own, and the one without a suffix for
// its coding; nil is none.
func (v Validators) tags() []string {
	if v.ETag == "" {
		return nil
	}
	if bare := uncodedTag(v.ETag); bare != v.ETag {
		return []string{v.ETag, bare}
	}
	return []string{v.ETag}
}

// uncodedTag returns an entity tag without a suffix for a coding.
func uncodedTag(tag string) string {
	own, quoted := strings.CutSuffix(tag, `"`)
	for _, suffix := range codingSuffixes {
		if bare, had := strings.CutSuffix(own, suffix); had && quoted {
			return bare + `"`
		}
	}
	return tag
}

// Confirms reports whether a 304 with that header confirms the response that v identifies (RFC 9111 section 4.3.4). A
// 304 without validators confirms the response of the request's conditions. hapi 21.4 has a suffix in the 304 of a
// body that is too short to be compressed, too.
func (v Validators) Confirms(h http.Header) bool {
	if tags := h["Etag"]; len(tags) > 0 && v.ETag != "" {
		return len(tags) == 1 && isSameTag(uncodedTag(v.ETag), uncodedTag(tags[0]))
	}
	if dates := h["Last-Modified"]; len(dates) > 0 && v.ETag == "" && v.LastModified != "" {
		return dates[0] == v.LastModified
	}
	return true
}

// isSameTag reports whether two entity tags are equal by the weak comparison (RFC 9110 section 8.8.3.2).
func isSameTag(a, b string) bool { return strings.TrimPrefix(a, "W/") == strings.TrimPrefix(b, "W/") }

// Freshen returns a copy of e updated by the header of a 304 to r (RFC 9111 sections 3.2 and 4.3.4). Fields that
// describe the stored body are not changed: its codings, its range, its length, and an entity tag that has a suffix for
// its coding. A 304 may be the first that says Vary, as that of hapi for a body too short to be compressed.
func (e *Entry) Freshen(r *Request, h http.Header, received time.Time) Entry {
	fresh := *e
	fresh.Header = make(http.Header, len(e.Header))
	for name, values := range e.Header {
		fresh.Header[name] = values
	}
	delete(fresh.Header, "Age") // of the earlier response
	for name, values := range Storable(h, received) {
		switch own := e.Header[name]; {
		case name == "Content-Encoding", name == "Content-Range":
		case name == "Etag" && len(own) > 0 && !isSameTag(own[0], values[0]):
		default:
			fresh.Header[name] = values
		}
	}
	if slices.Contains(varyNames(fresh.Header["Vary"]), codingName) {
		fresh.coding = r.coding()
	}
	return fresh
}

// Storable returns the fields of a response that are stored: not those of one connection (RFC 9111 section 3.1, RFC
// 9110 section 7.6.1), nor the length of its coded body, nor cookies, which are secrets of one moment. A response
// without a Date gets the time at which it was received (RFC 9110 section 6.6.1). It shares the values of h.
func Storable(h http.Header, received time.Time) http.Header {
	stored := maps.Clone(h) // in less time than by one field after the other
	if stored == nil {
		stored = make(http.Header, 1)
	}
	for name := range h {
		if isNotStorable(name) {
			delete(stored, name)
		}
	}
	if stored["Date"] == nil {
		stored["Date"] = []string{received.UTC().Format(http.TimeFormat)}
	}
	for _, line := range h["Connection"] {
		for name := range strings.SplitSeq(line, ",") {
			if name != "keep-alive" { // which is usual, and not stored
				delete(stored, http.CanonicalHeaderKey(strings.TrimSpace(name)))
			}
		}
	}
	return stored
}

// isNotStorable reports whether a field is never stored: it concerns one connection, is secret, or describes the
// coded body.
func isNotStorable(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade",
		"Proxy-Authenticate", "Proxy-Authentication-Info", "Proxy-Authorization",
		"Content-Length", "Set-Cookie", "Set-Cookie2":
		return true
	}
	return false
}

// Invalidates reports whether a response invalidates what is stored for its URL (RFC 9111 section 4.4): it is no
// error, and the method is not safe (RFC 9110 section 9.2.1) or unknown.
func Invalidates(method string, status int) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	return status >= 200 && status < 400
}

// AlsoInvalid returns the other URLs that such a response invalidates: those of Location and Content-Location on the
// same origin, so that no server invalidates the responses of another.
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

// dateOf parses a header that must be one date, in any of the three formats of RFC 9110 section 5.6.7.
func dateOf(values []string) (time.Time, bool) {
	if len(values) != 1 {
		return time.Time{}, false
	}
	at, err := http.ParseTime(values[0])
	return at, err == nil
}
