package cmd

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
)

// printHeaders prints the headers of a response that decide about limits, caching and continuing.
func (d *doctorReport) printHeaders(r *fetch.Record) {
	if r.Header == nil {
		return
	}
	d.line("protocol", "%s", r.Protocol)
	d.line("content", "%s", cmp.Or(r.Header.Get("Content-Type"), "no Content-Type"))
	limits := limitHeaders(r.Header)
	for _, name := range limits {
		d.line("limits", "%s: %s", name, strings.Join(r.Header[name], ", "))
	}
	if len(limits) == 0 && (r.Failure == nil || r.Failure.RetryAfter == 0) { // which may be told by the body
		d.line("limits", "none announced: --host-rate and --host-concurrency are all that holds a run back")
	}
	for _, name := range []string{"Cache-Control", "Expires", "Age", "Vary", "Etag", "Last-Modified"} {
		for _, value := range r.Header[name] {
			d.line("caching", "%s: %s", name, value)
		}
	}
	d.line("caching", "%s", describeCaching(r.Status, r.Header))
	if r.Header.Get("Accept-Ranges") == "bytes" {
		d.line("ranges", "a body that breaks off goes on where it ended, with --save-dir")
	}
	if n := len(r.Header["Set-Cookie"]); n > 0 {
		d.line("cookies", "%d set; they are kept only with -b", n)
	}
}

// limitHeaders returns the names of header fields that are about limits, sorted.
func limitHeaders(h http.Header) []string {
	var names []string
	for name := range h {
		lower := strings.ToLower(name)
		if strings.Contains(lower, "ratelimit") || strings.Contains(lower, "rate-limit") || lower == "retry-after" ||
			strings.Contains(lower, "quota") || strings.Contains(lower, "api-call-limit") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// describeCaching returns what --cache does with a response.
func describeCaching(status int, h http.Header) string {
	switch rules := (cache.Rules{}); {
	case !rules.Keeps(status, h):
		return "--cache does not keep this answer"
	case cache.ValidatorsOf(h) != cache.Validators{}:
		return "--cache keeps it, and revalidates it by its ETag or date"
	}
	return "--cache keeps it while it is fresh; without an ETag or date it is then fetched again"
}
