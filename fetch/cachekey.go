package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/netip"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"batchfetch/fetch/cache"
)

// A recall is what the cache knows of the target of a Task. It is small: thousands wait in lanes.
type recall struct {
	question cache.Question
	place    cache.Place
	told     cache.Sum // the body that the user has been told of last; zero is none, or nobody asks

	kept       bool // an answer is there that the server can confirm, or that may stand in for it
	sum        cache.Sum
	validators cache.Validators
	staleUntil time.Time
}

// forget makes the server answer anew.
func (c *recall) forget() {
	c.kept, c.validators, c.staleUntil = false, cache.Validators{}, time.Time{}
}

// questionOf returns what a kept answer has to be the answer to, given the header that is sent; false where the cache is passed by.
func (r *run) questionOf(to *target, header http.Header) (cache.Question, bool) {
	if to.body != nil || cache.Bypasses(to.method, header) {
		return cache.Question{}, false
	}
	return cache.Question{Method: to.method, URL: urlOf(to.url), Via: r.via(to), Who: r.who(to, header), Header: header}, true
}

// urlOf is a URL in one spelling, without userinfo and fragment (RFC 9110 section 4.2.3).
func urlOf(u *url.URL) string {
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	text := originOf(u) + path
	if u.ForceQuery || u.RawQuery != "" {
		text += "?" + u.RawQuery
	}
	return text
}

// via is what else decides which server answers: a Host header of the user's, or an address that is not from DNS.
func (r *run) via(to *target) string {
	text := strings.Join(to.header["Host"], ",")
	if socket := r.options.UnixSocket; socket != "" {
		if whole, err := filepath.Abs(socket); err == nil { // the same words mean another one elsewhere
			socket = whole
		}
		text += " unix:" + socket
	}
	if to.url.Scheme == "https" {
		text += r.trust
	}
	for _, pin := range r.options.Resolve {
		text += " " + pin.Host
		for _, a := range pin.Addrs {
			text += " " + a.String()
		}
	}
	return strings.ReplaceAll(text, "\n", " ")
}

// who is a hash of what may make an answer one that is not for everybody; zero is nothing. Every header that the user gave counts,
// for nobody knows which is a key, but for those that only describe us or this one exchange. What Vary names is another matter.
func (r *run) who(to *target, header http.Header) cache.Sum {
	var names []string
	for name := range header {
		if !describes(name, header[name]) {
			names = append(names, name)
		}
	}
	certificates := r.certificates
	if to.url.Scheme != "https" {
		certificates = cache.Sum{}
	}
	if len(names) == 0 && certificates == (cache.Sum{}) {
		return cache.Sum{}
	}
	slices.Sort(names)
	h := sha256.New()
	h.Write(certificates[:])
	for _, name := range names {
		for _, value := range header[name] {
			h.Write([]byte(name + ":" + value + "\n")) // neither name nor value has a line's end in it
		}
	}
	return cache.Sum(h.Sum(nil))
}

// describes names the headers that choose no other answer, or only where Vary says so.
func describes(name string, values []string) bool {
	switch name {
	case "User-Agent", "Accept-Encoding", "Cache-Control", "Pragma", "Host", "Connection", "Priority",
		"Traceparent", "Tracestate", "X-Request-Id", "X-Correlation-Id":
		return true
	case "Accept":
		return len(values) == 1 && values[0] == "*/*" // ours
	}
	return false
}

// trustOf tells runs apart that do not believe the same servers: what one that checks nothing was told is nothing to one that does.
func trustOf(o *Options) string {
	switch {
	case o.TLS == nil:
		return ""
	case o.TLS.InsecureSkipVerify:
		return " unchecked"
	case o.TLS.RootCAs == nil:
		return ""
	}
	h := sha256.New()
	//lint:ignore SA1019 the system's roots are not wanted
	for _, name := range o.TLS.RootCAs.Subjects() {
		h.Write(name)
	}
	return " roots:" + hex.EncodeToString(h.Sum(nil)[:8])
}

// certificatesOf is a hash of the client certificates; zero is none.
func certificatesOf(o *Options) cache.Sum {
	if o.TLS == nil || len(o.TLS.Certificates) == 0 {
		return cache.Sum{}
	}
	h := sha256.New()
	for _, c := range o.TLS.Certificates {
		for _, der := range c.Certificate {
			h.Write(der)
		}
	}
	return cache.Sum(h.Sum(nil))
}

// sentHeader is what a target is asked with, cookies included.
func (r *run) sentHeader(to *target) http.Header {
	return withCookies(r.options, to.header, to.url)
}

// find asks the cache for what a Task wants next, and leaves with the Task what it has told. The Found, where there is one, can be
// used at once; how is Fresh or Stale.
func (r *run) find(ctx context.Context, t *task, now time.Time) (found *cache.Found, how cache.Use) {
	t.recall = nil
	header := r.sentHeader(&t.target)
	q, ok := r.questionOf(&t.target, header)
	if !ok {
		return nil, cache.Useless
	}
	found, place, err := cache.Find(ctx, r.options.Cache, &q)
	c := &recall{question: q, place: place}
	t.recall = c
	if err != nil || found == nil {
		return nil, cache.Useless
	}
	if r.options.Changed != nil {
		c.told = r.options.Changed.Told(ctx, &found.Entry)
	}
	how = cache.Useless
	if r.fits(t, &found.Entry) {
		how = r.options.cacheRules().Judge(&found.Entry, header, now)
	}
	if how == cache.Fresh || how == cache.Stale {
		return found, how
	}
	found.Close()
	if how == cache.Check {
		c.kept, c.sum = true, found.SHA256
		c.validators = cache.ValidatorsOf(found.Header)
		c.staleUntil = r.options.cacheRules().StaleUntil(&found.Entry, header, now)
	}
	return nil, how
}

// fits reports whether a kept answer is one that this run takes for this Task.
func (r *run) fits(t *task, e *cache.Entry) bool {
	o := r.options
	switch {
	case !r.mayBeFrom(&t.target, e.RemoteAddr):
		return false
	case leadsOn(o, e.Status, e.Header):
		return true
	case !o.AcceptStatus.Has(e.Status), e.Size > o.MaxBody:
		return false
	case t.request.SHA256 != "" && e.HasBody && t.request.SHA256 != hex.EncodeToString(e.SHA256[:]):
		return false
	}
	if !e.HasBody && canHaveBody(t.method, e.Status) { // a redirect that was followed
		return false
	}
	return e.Coded == (o.Identity && len(contentCodings(e.Header)) > 0)
}

// leadsOn says which answers are redirects that are followed.
func leadsOn(o *Options, status int, h http.Header) bool {
	return isRedirect(status) && o.MaxRedirects > 0 && h.Get("Location") != ""
}

// mayBeFrom reports whether an answer from the address remote is one that could be had over the network: what Options.Private
// forbids to ask is not to be had from the cache either.
func (r *run) mayBeFrom(to *target, remote string) bool {
	if !to.wary && (r.options.Private != PrivateDeny || r.options.UnixSocket != "") { // over a socket no address is asked
		return true
	}
	if r.roads.proxies.of(to.url) != nil { // remote is the proxy's
		return r.roads.blockedBehind(to) == nil
	}
	a, err := netip.ParseAddrPort(remote)
	return err == nil && r.roads.private(a.Addr()) == ""
}
