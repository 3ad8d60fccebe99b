package fetch

import (
	"net/http"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// replaceHead makes the Verdict on a HEAD of Options.HeadOnly a Restart by GET where the server has no HEAD for the
// URL. That is no retry, and the body of the response to GET is not read.
func (t *task) replaceHead(a *judge.Answer) {
	if !t.options.HeadOnly || t.request.Method != "" || t.Method != http.MethodHead || !isNoHead(a) ||
		t.Verdict.Failure == nil || t.Verdict.Refusal {
		return
	}
	t.Method, t.headerOnly = http.MethodGet, true
	t.Verdict.Fate, t.Verdict.Delay = judge.Restart, 0
}

// isNoHead reports whether the response to a HEAD says that there is none for the URL: 405 (Method Not Allowed), 501
// (Not Implemented, RFC 9110 section 15.6.2), or what is no HTTP, as the "200 OK" with "Content-Length: -1" of
// apt-cacher-ng 3.7.4 for each file that it has not stored, whether its origin has it or not.
func isNoHead(a *judge.Answer) bool {
	if a.Failure != nil {
		return a.Failure.Kind == failure.Protocol
	}
	return a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented
}
