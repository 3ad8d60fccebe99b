package fetch

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"
	"golang.org/x/net/idna"
)

// A targeter turns Requests into targets: it merges what a line says with what the Options say.
type targeter struct {
	options *Options
	policy  policy                   // of options
	base    http.Header              // what a plain URL is asked with; shared, never written to
	bodies  map[BodyForm]http.Header // the same with the Content-Type of a body
	own     map[*HostSettings]*targeter
}

// at returns the targeter of an origin: one with Options of its own, where there are such.
func (tg *targeter) at(origin string) *targeter {
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
		base["Authorization"] = []string{basic(o.Username, o.Password)}
	}
	if o.Cookie != "" {
		base["Cookie"] = []string{o.Cookie}
	}
	tg := &targeter{options: o, policy: o.policy(), base: merge(base, o.Header), bodies: make(map[BodyForm]http.Header)}
	for form, kind := range contentTypes {
		tg.bodies[form] = merge(merge(base, http.Header{"Content-Type": {kind}}), o.Header)
	}
	if o.Hosts != nil {
		tg.own = make(map[*HostSettings]*targeter, len(o.Hosts.all))
		for _, settings := range o.Hosts.all {
			tg.own[settings] = newTargeter(settings.over(o))
		}
	}
	return tg
}

// merge returns base with the values of over in place of its own; a nil value in over takes the header away.
func merge(base, over http.Header) http.Header {
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

func basic(username, password string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(username+":"+password))
}

// of returns what the first exchange of r asks. The error says why r can't be asked.
func (tg *targeter) of(r *Request) (target, error) {
	u, err := r.parsed()
	if err != nil {
		return target{}, err
	}
	origin := originOf(u)
	tg = tg.at(origin)
	t := target{Target: Target{url: u, host: origin, body: r.Body, header: tg.base}, options: tg.options, policy: &tg.policy}
	switch {
	case r.Body != nil:
		t.header = tg.bodies[r.BodyForm]
	case tg.options.Body != nil:
		t.body, t.header = tg.options.Body, tg.bodies[BodyText]
	}
	t.header = tg.authorized(t.header, u)
	if u.User != nil {
		bare := *u
		bare.User = nil
		t.url = &bare
	}
	if len(r.Header) > 0 {
		t.header = merge(t.header, r.Header)
	}
	t.method = tg.options.method(r, t.body != nil)
	return t, nil
}

// canHaveBody reports whether a response of this status to t has a body (RFC 9110 section 6.4.1).
func (t *target) canHaveBody(status int) bool {
	return t.method != http.MethodHead && status != http.StatusNoContent && status != http.StatusNotModified
}

var contentTypes = map[BodyForm]string{BodyText: "application/x-www-form-urlencoded", BodyJSON: "application/json", BodyBase64: "application/octet-stream"}

// ParseURL reads an absolute http or https URL as an input gives it. What is not ASCII is percent-encoded
// and international host names become their ASCII form; white space and control characters are errors.
func ParseURL(text string) (*url.URL, error) {
	scheme, _, found := strings.Cut(text, "://")
	if !found {
		return nil, errors.New("no http:// or https:// in front")
	}
	if !isHTTP(scheme) {
		return nil, wrongScheme(scheme)
	}
	for _, c := range []byte(text) {
		if c <= ' ' || c == 0x7f {
			return nil, fmt.Errorf("the URL holds %q; percent-encode it as %%%02X", c, c)
		}
	}
	u, err := parseReference(text)
	if err != nil {
		return nil, err
	}
	return checkURL(u)
}

func isHTTP(scheme string) bool {
	return strings.EqualFold(scheme, "http") || strings.EqualFold(scheme, "https")
}

// parseReference parses text once what a URI can't hold (RFC 3986 section 2) is percent-encoded behind its authority.
func parseReference(text string) (*url.URL, error) {
	u, err := url.Parse(encodeTail(text))
	if err == nil {
		return u, nil
	}
	start, end := authority(text)
	host := text[start:end]
	host = host[strings.LastIndexByte(host, '@')+1:]
	switch {
	case strings.HasPrefix(host, "[") && strings.Contains(host, "%"):
		return nil, errors.New("the zone of an IPv6 address is malformed; it stands behind %25")
	case strings.Contains(host, "%"):
		return nil, errors.New("the host holds a %; the name of a host can't be percent-encoded")
	}
	return nil, describeURL(err)
}

// describeURL says what is wrong with a URL without a piece of it: that may be a piece of a password.
func describeURL(err error) error {
	var escape url.EscapeError
	var host url.InvalidHostError
	switch {
	case errors.As(err, &escape):
		return errors.New("a % without two hexadecimal digits behind; percent-encode it as %25")
	case errors.As(err, &host):
		return errors.New("the host holds a character that no host name can")
	}
	return errors.New("the user, host or port is malformed; percent-encode what is special in a password")
}

// wrongScheme names a scheme only where it is one (RFC 3986 section 3.1).
func wrongScheme(scheme string) error {
	const allowed = "abcdefghijklmnopqrstuvwxyz0123456789+-."
	for _, c := range strings.ToLower(scheme) {
		if !strings.ContainsRune(allowed, c) {
			return errors.New("no http:// or https:// in front")
		}
	}
	return fmt.Errorf("scheme %q is not http or https", clip(scheme, 32))
}

// encodeTail leaves the authority alone: what is strange there is an error, or an international name.
func encodeTail(text string) string {
	_, start := authority(text)
	strange := false
	for _, c := range []byte(text[start:]) {
		strange = strange || unsafeByte(c)
	}
	if !strange {
		return text
	}
	out := append(make([]byte, 0, len(text)+16), text[:start]...)
	for _, c := range []byte(text[start:]) {
		if unsafeByte(c) {
			out = fmt.Appendf(out, "%%%02X", c)
			continue
		}
		out = append(out, c)
	}
	return string(out)
}

// authority returns where the authority of a URL or reference starts and ends (RFC 3986 section 3.2); 0 and 0 where it has none.
func authority(text string) (start, end int) {
	slashes := strings.Index(text, "//")
	if slashes < 0 || strings.ContainsAny(text[:slashes], "/?#") {
		return 0, 0
	}
	start = slashes + 2
	if end = strings.IndexAny(text[start:], "/?#"); end < 0 {
		return start, len(text)
	}
	return start, start + end
}

func unsafeByte(c byte) bool {
	return c <= ' ' || c >= 0x7f || c == '"' || c == '<' || c == '>' || c == '\\' || c == '^' || c == '`' || c == '{' || c == '|' || c == '}'
}

// checkURL makes sure that u can be asked over HTTP and brings its host into ASCII.
func checkURL(u *url.URL) (*url.URL, error) {
	if !isHTTP(u.Scheme) {
		return nil, wrongScheme(u.Scheme)
	}
	name := u.Hostname()
	if name == "" {
		return nil, errors.New("no host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, errors.New("the port is not 1 to 65535")
		}
	}
	if !isASCII(name) {
		ascii, err := idna.Lookup.ToASCII(name)
		if err != nil {
			return nil, errors.New("the host is no international domain name")
		}
		named := *u
		named.Host = strings.Replace(u.Host, name, ascii, 1)
		return &named, nil
	}
	if len(name) > 253 || !httpguts.ValidHostHeader(u.Host) || strings.ContainsAny(name, `"<>\^{|}`+"` ") {
		return nil, errors.New("the host is no host name")
	}
	return u, nil
}

func isASCII(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

// originOf returns scheme://host:port with the default port left out (RFC 6454 section 4).
func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	scheme := strings.ToLower(u.Scheme)
	switch {
	case scheme == "http":
		host = strings.TrimSuffix(host, ":80")
	case scheme == "https":
		host = strings.TrimSuffix(host, ":443")
	}
	return scheme + "://" + strings.TrimSuffix(host, ":")
}

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
	return merge(h, http.Header{"Cookie": {merged}})
}

// clip shortens text for an error message.
func clip(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
