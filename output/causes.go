package output

import (
	"cmp"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode"
)

// Example is one failure of its Cause.
type Example struct {
	URL, Message string
	Status       int    // 0: there was no response
	Line         string // FILE:LINE of an input line that can't be used; else empty
	Option       string // failure.Failure.Option
}

// A Cause is what failures of one Kind have in common, in words: their status, what the system said of a connection, or
// the Kind itself.
type Cause struct {
	Kind  failure.Kind
	Words string
}

// FailureGroup is the failures of one Cause.
type FailureGroup struct {
	Cause
	Count   int64
	Example Example // the earliest in the input
	Host    string  // of the Example, with its port where the URL has one; empty where it has none
	hosts   map[string]struct{}
	index   int64  // fetch.Request.Index of the Example
	option  string // of the last
	mixed   bool   // they name several options, or some of them none: no hint fits all
}

// maxGroupHosts is how many hosts a FailureGroup tells apart.
const maxGroupHosts = 100

// Hosts returns how many hosts the failures are of; more says that there are still others.
func (g *FailureGroup) Hosts() (n int, more bool) { return len(g.hosts), len(g.hosts) == maxGroupHosts }

// IsFinal reports whether another try would end the same: the line can't be used, the URL has another scheme, or the
// server says by a 4xx that the request is wrong or that there is nothing. Statuses that speak of credentials, of
// limits or of the moment are not so.
func (g *FailureGroup) IsFinal() bool {
	switch g.Example.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusProxyAuthRequired, http.StatusRequestTimeout,
		http.StatusConflict, http.StatusMisdirectedRequest, http.StatusLocked, http.StatusTooEarly,
		http.StatusTooManyRequests:
		return false
	}
	switch g.Example.Option {
	case failure.PlainScheme, failure.TLSScheme:
		return true
	}
	return g.Kind == failure.InvalidRequest || g.Kind == failure.BadStatus && g.Example.Status/100 == 4
}

// add counts the failure of r.
func (g *FailureGroup) add(r *fetch.Record) {
	shown := encode.DisplayURL(r)
	host := ""
	if u, err := url.Parse(shown); err == nil {
		host = u.Host
	}
	if g.Count == 0 || r.Request.Index < g.index {
		g.Host, g.index = host, r.Request.Index
		g.Example = Example{URL: shown, Message: r.Failure.Error(), Status: r.Status, Line: encode.DisplayLine(r),
			Option: r.Failure.Option}
	}
	if g.Count > 0 && r.Failure.Option != g.option {
		g.mixed = true
	}
	g.option = r.Failure.Option
	if g.mixed {
		g.Example.Option = ""
	}
	g.Count++
	if host != "" && len(g.hosts) < maxGroupHosts {
		g.hosts[strings.Clone(host)] = struct{}{}
	}
}

// sortedGroups returns the groups, the largest first.
func sortedGroups(groups map[Cause]*FailureGroup) []*FailureGroup {
	sorted := make([]*FailureGroup, 0, len(groups))
	for _, g := range groups {
		sorted = append(sorted, g)
	}
	slices.SortFunc(sorted, func(a, b *FailureGroup) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Words, b.Words))
	})
	return sorted
}

// kindWords are the words for failures of a Kind that nothing more exact is said of.
var kindWords = map[failure.Kind]string{
	failure.InvalidRequest:   "unusable input line",
	failure.DNS:              "name lookup failed",
	failure.Connect:          "no connection",
	failure.TLS:              "TLS failed",
	failure.Timeout:          "timeout",
	failure.Stalled:          "no data any more",
	failure.Reset:            "connection reset",
	failure.Truncated:        "response cut off",
	failure.Protocol:         "invalid response",
	failure.BadStatus:        "status",
	failure.TooManyRedirects: "too many redirects",
	failure.TooLarge:         "too large",
	failure.Checksum:         "wrong checksum",
	failure.Decode:           "undecodable body",
	failure.BlockedAddress:   "private address",
	failure.HostDown:         "host down",
	failure.Robots:           "robots.txt",
	failure.RateLimited:      "rate limited",
	failure.IO:               "local file error",
	failure.Canceled:         "canceled",
}

// optionWords are the words for failures that name an option, by failure.Failure.Option.
var optionWords = map[string]string{
	"cacert":     "certificate not trusted",
	"insecure":   "certificate not valid",
	"resolve":    "certificate of another name",
	"tls-legacy": "TLS too old",
	"tls-min":    "TLS too old",
	"http":       "another version of HTTP",

	"cert":         "client certificate wanted",
	"client-cert":  "client certificate refused",
	"chain":        "intermediate certificate missing",
	"common":       "nothing in common in TLS",
	"server-name":  "no certificate for that name",
	"address":      "refused where an address was asked",
	"server-fault": "TLS given up by the server",
	"unreadable":   "TLS that can't be used",
	"tickets":      "too many TLS session tickets",
	"no-roots":     "no authorities to trust",
	"hello":        "no answer to TLS",

	"proxy":          "proxy login refused",
	"proxy-login":    "proxy login of another kind",
	"proxy-down":     "no connection to proxy",
	"proxy-step":     "refused by the proxy",
	"proxy-no-login": "refused by the proxy",

	"url": "no URL in the line",

	failure.KeptPart:    "a part in place of the whole",
	failure.FailingHost: "host fails at all requests",
	failure.BrokenBody:  "failed within the body",

	failure.BadRedirect: "unusable redirect",
	failure.BadPage:     "unusable next page",

	"migration": "line of another form",

	"connect-timeout": "no connection in time",
	"timeout":         "not done in time",
	"poll-time":       "not ready in time",
	"retry-max-time":  "not ready in time",

	failure.PlainScheme: "no TLS on that port",
	failure.TLSScheme:   "TLS on that port",
	failure.AnyScheme:   "no https:// in front",
}

// CauseOf returns the Cause of a failure. There are as many as statuses, error numbers of the system and options, and
// no more.
func CauseOf(r *fetch.Record) Cause {
	kind := r.Failure.Kind
	cause := Cause{kind, kindWords[kind]}
	var code syscall.Errno
	switch words := optionWords[r.Failure.Option]; {
	case words != "":
		cause.Words = words
	case kind == failure.BadStatus && r.Status > 0:
		cause.Words = failure.StatusText(r.Status)
	case kind == failure.Connect && errors.As(r.Failure, &code):
		cause.Words = code.Error()
	}
	return cause
}
