package fetch

import (
	"net/http"
	"net/url"
	"strings"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// isFollowed reports whether a response is a redirect that is followed.
func isFollowed(o *Options, status int, h http.Header) bool {
	return judge.IsRedirect(status) && o.MaxRedirects > 0 && h.Get("Location") != ""
}

// A target is what the next exchange of a Task asks, where, and by which Options.
type target struct {
	transport.Target
	options *Options      // the run's, or those of the host
	policy  *judge.Policy // the same, for the judge; nil only where nothing is judged
}

// follow returns the target that a redirect with this status and Location leads to.
// An unusable Location is a Protocol failure.
func (t *target) follow(status int, location string) (target, *failure.Failure) {
	next, err := parseLocation(t.URL, location)
	if err != nil {
		return target{}, failure.New(failure.Protocol, "%s with an unusable Location: %w", failure.StatusText(status), err)
	}
	to := target{Target: transport.Target{URL: next, Origin: httpurl.Origin(next), Method: t.Method, Header: t.Header, Body: t.Body}}
	if dropsBody(status, t.Method) {
		to.Method, to.Body = http.MethodGet, nil
		to.Header = withoutHeaders(to.Header, isContentHeader)
	}
	if to.Origin != t.Origin {
		to.Header = withoutHeaders(to.Header, isDroppedAcrossOrigins)
	}
	return to, nil
}

// locationOf returns the Location of a redirect. Several that differ lead nowhere: which one counts would be anyone's guess.
func locationOf(status int, h http.Header) (string, *failure.Failure) {
	values := h["Location"]
	for _, value := range values {
		if value != values[0] {
			return "", failure.New(failure.Protocol, "%s with an unusable Location: there are %d, and they differ", failure.StatusText(status), len(values))
		}
	}
	return h.Get("Location"), nil
}

func parseLocation(base *url.URL, location string) (*url.URL, error) {
	ref, err := httpurl.ParseReference(location)
	if err != nil {
		return nil, err
	}
	next := base.ResolveReference(ref)
	next.User = nil // credentials from a stranger are not ours to send
	if next.Fragment == "" {
		next.Fragment, next.RawFragment = base.Fragment, base.RawFragment // RFC 9110 section 10.2.2
	}
	return httpurl.Check(next)
}

// dropsBody says where a redirect turns into GET: 303 always (RFC 9110 section 15.4.4), 301 and 302 after POST.
func dropsBody(status int, method string) bool {
	switch status {
	case http.StatusSeeOther:
		return method != http.MethodGet && method != http.MethodHead
	case http.StatusMovedPermanently, http.StatusFound:
		return method == http.MethodPost
	}
	return false
}

func isContentHeader(name string) bool {
	return strings.HasPrefix(name, "Content-")
}

// isDroppedAcrossOrigins names what does not go over to another origin: all but Accept*, User-Agent, Range
// and, with a body that is sent again, what says how to read it.
func isDroppedAcrossOrigins(name string) bool {
	switch name {
	case "User-Agent", "Range", "Content-Type", "Content-Encoding", "Content-Language":
		return false
	}
	return !strings.HasPrefix(name, "Accept")
}

func withoutHeaders(h http.Header, drop func(name string) bool) http.Header {
	kept := make(http.Header, len(h))
	for name, values := range h {
		if !drop(name) {
			kept[name] = values
		}
	}
	return kept
}
