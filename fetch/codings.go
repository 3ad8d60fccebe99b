package fetch

import (
	"mime"
	"net/http"
	"strings"

	"batchfetch/fetch/coding"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// codingsOf returns the content codings that are removed from a body with this header that is no packed file, and those
// that stay with it. offered is the dictionary that the request offered; nil is none.
func (o *Options) codingsOf(h http.Header, offered *coding.Dictionary) (removed []string, kept string) {
	if o.Identity {
		return nil, allCodings(h)
	}
	return coding.Of(h, offered)
}

// allCodings returns the content codings of a body none of which is removed.
func allCodings(h http.Header) string { return strings.Join(h["Content-Encoding"], ", ") }

// knownCodings returns the content codings of a body that can be removed, as one text; empty is none.
func knownCodings(h http.Header) string {
	known, _ := coding.Of(h, nil)
	return strings.Join(known, ", ")
}

// isPackedFile reports whether a response may be a packed file, by its type and the name in its URL, or in
// Content-Disposition.
func isPackedFile(to *target, h http.Header) bool {
	if h["Content-Encoding"] == nil {
		return false
	}
	_, disposition, _ := mime.ParseMediaType(h.Get("Content-Disposition")) // nil where there is none
	return coding.IsPackedFile(h, to.URL.Path, disposition["filename"])
}

// isSilence reports whether a server was sent a request, and nothing of a response came until a limit of time. It may
// be about to code the body: cpp-httplib codes files of text by brotli at its highest quality, whole, before the header
// of the response. 9 MB take it half a minute, and without a coding milliseconds.
func isSilence(a *judge.Answer) bool {
	return a.Failure != nil && a.Status == 0 && !a.Responded && !a.NotProcessed &&
		(a.Failure.Kind == failure.Stalled || a.Failure.Kind == failure.Timeout)
}
