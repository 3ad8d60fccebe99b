package fetch

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/transport"
)

// A targeter makes the targets of Requests: it merges a Request with the Options. All stages share it; it is not
// written to once it is made.
type targeter struct {
	options *Options
	policy  judge.Policy             // of options
	base    http.Header              // of a request for a plain URL; shared, not written to
	bodies  map[BodyForm]http.Header // the same with the Content-Type of a body
	// credentials are those of options, and of the hosts that own has settings for.
	credentials *credentials
	// ofRobots is the targeter of robots.txt; nil without Options.Robots.
	ofRobots *targeter
	own      map[ownSettings]*targeter // of hosts, and of parts of them, with settings of their own
}

// forURL returns the targeter of a URL of an origin, that of its HostSettings or else tg, and the name of its lane in
// the plan: the origin, followed by the path of the part of it that has settings.
func (tg *targeter) forURL(origin string, u *url.URL) (of *targeter, lane string) {
	part, path := tg.options.Hosts.OfPath(origin, u.Path)
	own := ownSettings{tg.options.Hosts.Of(origin), part}
	if part != nil {
		return tg.own[own], origin + path
	}
	if own.host != nil {
		return tg.own[own], origin
	}
	return tg, origin
}

// newTargeter returns the targeter of Options, and those of its HostRules with it.
func newTargeter(o *Options) *targeter {
	base := http.Header{"Accept": {"*/*"}, "Accept-Encoding": {acceptedCodings}}
	if o.Identity {
		base = mergeHeaders(base, identityOnly)
	}
	// Over HTTP/2 net/http sends its own User-Agent where there is none, and none where it is empty.
	base["User-Agent"] = []string{o.UserAgent}
	credentials, base := newCredentials(o, o.withWantedDigests(base))
	if o.Cookie != "" {
		base["Cookie"] = []string{o.Cookie}
	}
	tg := &targeter{
		options: o, policy: o.policy(), base: mergeHeaders(base, o.Header), bodies: make(map[BodyForm]http.Header),
		credentials: credentials,
	}
	for form, kind := range contentTypes {
		tg.bodies[form] = mergeHeaders(mergeHeaders(base, http.Header{"Content-Type": {kind}}), o.Header)
	}
	if o.Hosts != nil {
		tg.addHosts()
	}
	return tg
}

// addHosts makes the targeters of the hosts, and of parts of them, that have settings of their own.
func (tg *targeter) addHosts() {
	hosts := tg.options.Hosts
	tg.own = make(map[ownSettings]*targeter, len(hosts.all))
	tg.credentials.ofHosts = make(map[*HostSettings]*credentials, len(hosts.all))
	for of := range hosts.combinations {
		o := tg.options
		if of.host != nil {
			o = of.host.applyTo(o)
		}
		if of.part != nil {
			o = of.part.applyTo(o)
		}
		if tg.options.forRobots {
			o.AcceptStatus = tg.options.AcceptStatus
		}
		own := newTargeter(o)
		tg.own[of] = own
		if of.part == nil {
			tg.credentials.ofHosts[of.host] = own.credentials
		}
	}
}

// acceptedCodings is the Accept-Encoding of a request for which the user names none.
const acceptedCodings = "gzip, deflate, br, zstd"

// identityOnly asks for a body without a coding. Without the header the server may choose any (RFC 9110 section
// 12.5.3).
var identityOnly = http.Header{"Accept-Encoding": {"identity"}}

// acceptsCodings reports whether the Accept-Encoding of a request is acceptedCodings, and not one of the user's own.
func acceptsCodings(h http.Header) bool {
	return len(h["Accept-Encoding"]) == 1 && h["Accept-Encoding"][0] == acceptedCodings
}

// newTarget returns the target of the first exchange of r. The error says why r can't be requested.
func (tg *targeter) newTarget(r *Request) (target, error) {
	u, err := r.ParsedURL()
	if err != nil {
		return target{}, err
	}
	if !tg.options.PathAsIs {
		u = httpurl.RemoveDots(u)
	}
	origin := httpurl.Origin(u)
	if err := r.Settings.checkWithin(tg.options); err != nil {
		return target{}, err
	}
	t := target{Target: transport.Target{URL: u, Origin: origin, Body: r.Body,
		PublicOnly: r.PublicOnly && tg.options.Private == dial.PrivateRedirects}}
	run := tg
	tg, t.lane = tg.forRequest(r, &t.Target)
	t.options, t.policy, t.Header = tg.options, &tg.policy, tg.base
	switch {
	case r.Body != nil:
		t.Header = tg.bodies[r.BodyForm]
	case tg.options.Body != nil && r.Page <= 1:
		t.Body, t.Header = tg.options.Body, tg.bodies[BodyText]
	}
	t.Method = tg.options.method(r, t.Body != nil)
	if r.OmitCredentials {
		t.Header = withoutHeaders(run.base, isDroppedAcrossOrigins)
		if r.Body != nil {
			t.Header["Content-Type"] = []string{contentTypes[r.BodyForm]}
		}
		t.Header, t.prover = run.credentials.withHostSecrets(t.Header, u, t.Method)
	} else {
		t.Header, t.prover = tg.credentials.withAuthorization(t.Header, u)
	}
	if u.User != nil {
		bare := *u
		bare.User = nil
		t.URL = &bare
	}
	t.mergeHeader(r.Header)
	return t, nil
}

// mergeHeader takes the header of the Request itself into that of its target, over which it wins, and then removes what
// must not go with it. A range of the user's own is requested without content codings, as by a browser (Fetch standard,
// HTTP-network-or-cache fetch): of what they compress nginx and lighttpd send the whole, and Apache a range of the
// coded bytes, which can't be decoded.
func (t *target) mergeHeader(own http.Header) {
	if len(own) > 0 {
		t.Header = mergeHeaders(t.Header, own)
		if _, given := own["Authorization"]; given {
			t.prover = nil
		}
	}
	if t.Header["Range"] != nil && acceptsCodings(t.Header) {
		t.Header = mergeHeaders(t.Header, identityOnly)
	}
	if transport.EchoesRequest(t.Method) {
		t.Header, t.prover = withoutHeaders(t.Header, redact.IsSecretHeader), nil
	}
}

// canHaveBody reports whether a response of this status to t has a body (RFC 9110 section 6.4.1).
func (t *target) canHaveBody(status int) bool {
	return t.Method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified
}

// contentTypes are the Content-Types of bodies for which the user names none.
var contentTypes = map[BodyForm]string{
	BodyText: "application/x-www-form-urlencoded", BodyJSON: "application/json", BodyBase64: "application/octet-stream",
}

// withCookies returns h, the header of a target, with the cookies of Options.Jar in its Cookie header, as one line (RFC
// 6265 section 5.4): those of the Jar in front, as curl does. Of two with one name, a Cookie header of the user's own
// wins over the Jar, and the Jar over Options.Cookie, since servers renew those.
func withCookies(o *Options, h http.Header, to *target) http.Header {
	if o.Jar == nil || transport.EchoesRequest(to.Method) {
		return h
	}
	line := strings.Join(h["Cookie"], "; ")
	merged, found := o.Jar.MergeHeader(to.URL, line, line == o.Cookie, time.Now())
	if !found {
		return h
	}
	return mergeHeaders(h, http.Header{"Cookie": {merged}})
}

// wantedDigests are the header fields that ask for digests (RFC 9530 section 4): SHA-256 first, which every body is
// hashed by in any case.
var wantedDigests = http.Header{
	"Want-Content-Digest": {"sha-256=10, sha-512=5"}, "Want-Repr-Digest": {"sha-256=10, sha-512=5"},
}

// withWantedDigests returns h with the header fields that ask for digests, where the Options want them; S3 tells its
// checksums to signed requests that ask for them.
func (o *Options) withWantedDigests(h http.Header) http.Header {
	if !o.WantDigest {
		return h
	}
	h = mergeHeaders(h, wantedDigests)
	if o.SigV4 != nil {
		h["X-Amz-Checksum-Mode"] = []string{"ENABLED"}
	}
	return h
}

// forRequest returns the targeter of a Request for the URL of a target, and the name of its lane: see forURL. Where the
// Request has Settings it is one of its own, and those of connections are set in the target.
func (tg *targeter) forRequest(r *Request, to *transport.Target) (of *targeter, lane string) {
	of, lane = tg.forURL(to.Origin, to.URL)
	if r.Settings == nil {
		return of, lane
	}
	own := *of
	own.options = r.Settings.applyTo(of.options)
	own.policy = own.options.policy()
	to.Timeout = r.Settings.Timeout
	if r.Settings.Proxy != nil {
		to.Route = transport.NewRoute(*r.Settings.Proxy, own.options.NoProxy)
	}
	return &own, lane
}
