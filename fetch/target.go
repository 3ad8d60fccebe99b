package fetch

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// A targeter turns Requests into targets: it merges what a line says with what the Options say.
type targeter struct {
	options *Options
	policy  judge.Policy             // of options
	base    http.Header              // what a plain URL is asked with; shared, never written to
	bodies  map[BodyForm]http.Header // the same with the Content-Type of a body
	own     map[*HostSettings]*targeter
}

// forOrigin returns the targeter of an origin: one with Options of its own, where there are such.
func (tg *targeter) forOrigin(origin string) *targeter {
	if settings := tg.options.Hosts.Of(origin); settings != nil {
		return tg.own[settings]
	}
	return tg
}

func newTargeter(o *Options) *targeter {
	base := http.Header{"Accept": {"*/*"}, "Accept-Encoding": {"gzip, deflate, br, zstd"}}
	if o.Identity {
		base["Accept-Encoding"] = []string{"identity"} // none at all would leave the choice to the server (RFC 9110 section 12.5.3)
	}
	base["User-Agent"] = []string{o.UserAgent} // over HTTP/2 net/http sends its own where ours is missing, and none where it is empty
	if o.hasLogin() {
		base["Authorization"] = []string{dial.BasicAuth(o.Username, o.Password)}
	}
	if o.Cookie != "" {
		base["Cookie"] = []string{o.Cookie}
	}
	tg := &targeter{options: o, policy: o.policy(), base: mergeHeaders(base, o.Header), bodies: make(map[BodyForm]http.Header)}
	for form, kind := range contentTypes {
		tg.bodies[form] = mergeHeaders(mergeHeaders(base, http.Header{"Content-Type": {kind}}), o.Header)
	}
	if o.Hosts != nil {
		tg.own = make(map[*HostSettings]*targeter, len(o.Hosts.all))
		for _, settings := range o.Hosts.all {
			tg.own[settings] = newTargeter(settings.applyTo(o))
		}
	}
	return tg
}

// mergeHeaders returns base with the values of over in place of its own; a nil value in over takes the header away.
func mergeHeaders(base, over http.Header) http.Header {
	merged := make(http.Header, len(base)+len(over))
	for name, values := range base {
		merged[name] = values
	}
	for name, values := range over {
		if values == nil {
			delete(merged, name)
			if name == "User-Agent" {
				merged[name] = []string{""}
			}
			continue
		}
		merged[name] = values
	}
	return merged
}

// newTarget returns what the first exchange of r asks. The error says why r can't be asked.
func (tg *targeter) newTarget(r *Request) (target, error) {
	u, err := r.ParsedURL()
	if err != nil {
		return target{}, err
	}
	origin := httpurl.Origin(u)
	tg = tg.forOrigin(origin)
	t := target{Target: transport.Target{URL: u, Origin: origin, Body: r.Body, Header: tg.base}, options: tg.options, policy: &tg.policy}
	switch {
	case r.Body != nil:
		t.Header = tg.bodies[r.BodyForm]
	case tg.options.Body != nil:
		t.Body, t.Header = tg.options.Body, tg.bodies[BodyText]
	}
	t.Header = tg.withAuthorization(t.Header, u)
	if u.User != nil {
		bare := *u
		bare.User = nil
		t.URL = &bare
	}
	if len(r.Header) > 0 {
		t.Header = mergeHeaders(t.Header, r.Header)
	}
	t.Method = tg.options.method(r, t.Body != nil)
	return t, nil
}

// canHaveBody reports whether a response of this status to t has a body (RFC 9110 section 6.4.1).
func (t *target) canHaveBody(status int) bool {
	return t.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified
}

var contentTypes = map[BodyForm]string{BodyText: "application/x-www-form-urlencoded", BodyJSON: "application/json", BodyBase64: "application/octet-stream"}

// withCookies returns h with what the Jar has for u in its Cookie header, as one line (RFC 6265 section 5.4): the Jar's in
// front, as curl does. By name, a Cookie header of the user's own wins over the Jar, and the Jar over Options.Cookie:
// that is what servers renew.
func withCookies(o *Options, h http.Header, u *url.URL) http.Header {
	if o.Jar == nil {
		return h
	}
	line := strings.Join(h["Cookie"], "; ")
	merged, found := o.Jar.MergeHeader(u, line, line == o.Cookie, time.Now())
	if !found {
		return h
	}
	return mergeHeaders(h, http.Header{"Cookie": {merged}})
}
