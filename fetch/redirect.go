package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// isFollowed reports whether a response is a redirect that is followed (RFC 9110 section 15.4).
func isFollowed(o *Options, status int, h http.Header) bool {
	return judge.IsRedirect(status) && o.MaxRedirects > 0 && h.Get("Location") != ""
}

// A target is the request of a Task's next exchange, with the Options that hold for its host.
type target struct {
	transport.Target
	options *Options      // the run's, or those of the host
	policy  *judge.Policy // of options; nil only where nothing is judged
	lane    string        // the name of its lane in the plan; see forURL
	prover  *prover       // of credentials that are not in Header; nil is none
}

// follow returns the target of a redirect with this status and Location; its options, policy and lane are still to be
// set. An unusable Location is a Failure of Kind Protocol.
func (t *target) follow(status int, location string) (target, *failure.Failure) {
	next, err := parseLocation(t.URL, location, t.options.PathAsIs)
	if err != nil {
		return target{}, badRedirect(status, err)
	}
	to := target{Target: transport.Target{
		URL: next, Origin: httpurl.Origin(next), Method: t.Method, Header: t.Header, Body: t.Body,
	}}
	if dropsBody(status, t.Method) {
		to.Method, to.Body = http.MethodGet, nil
		to.Header = withoutHeaders(to.Header, isContentHeader)
	}
	if to.Origin != t.Origin {
		to.Header = withoutHeaders(to.Header, isDroppedAcrossOrigins)
	} else {
		to.prover = t.prover
	}
	return to, nil
}

// locationOf returns the Location of a redirect. Several that differ are a Failure of Kind Protocol: no RFC says which
// one counts.
func locationOf(status int, h http.Header) (string, *failure.Failure) {
	values := h["Location"]
	for _, value := range values {
		if value != values[0] {
			return "", badRedirect(status, fmt.Errorf("there are %d, and they differ", len(values)))
		}
	}
	return strings.Clone(h.Get("Location")), nil // it may be a part of the whole header, which is not to stay with a Task
}

// badRedirect returns the Failure of a redirect that can't be followed because of err.
func badRedirect(status int, err error) *failure.Failure {
	f := failure.New(failure.Protocol, "%s with an unusable Location: %w", failure.StatusText(status), err)
	f.Option = failure.BadRedirect
	return f
}

// parseLocation returns the URL that a Location at base leads to. It has the fragment of base where it has none, and no
// userinfo. asIs leaves dot segments in a path that begins with a slash; those of another have to be resolved.
func parseLocation(base *url.URL, location string, asIs bool) (*url.URL, error) {
	ref, err := httpurl.ParseReference(location)
	if err != nil {
		return nil, err
	}
	next := base.ResolveReference(ref)
	switch {
	case !asIs:
		next = httpurl.RemoveDots(next) // those with %2e, too
	case strings.HasPrefix(ref.Path, "/"):
		next.Path, next.RawPath = ref.Path, ref.RawPath
	case ref.Path == "" && ref.Host == "":
		next.Path, next.RawPath = base.Path, base.RawPath
	}
	next.User = nil // the server's page must not choose the credentials
	if next.Fragment == "" {
		next.Fragment, next.RawFragment = base.Fragment, base.RawFragment // RFC 9110 section 10.2.2
	}
	return httpurl.Check(next)
}

// dropsBody reports whether a redirect changes the method to GET, without a body: 303 does (RFC 9110 section 15.4.4),
// 301 and 302 do after POST (sections 15.4.2 and 15.4.3).
func dropsBody(status int, method string) bool {
	switch status {
	case http.StatusSeeOther:
		return method != http.MethodGet && method != http.MethodHead
	case http.StatusMovedPermanently, http.StatusFound:
		return method == http.MethodPost
	}
	return false
}
