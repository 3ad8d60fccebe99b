package fetch

import (
	"net/http"

	"batchfetch/fetch/judge"
)

// replaceHead makes the Verdict on a HEAD of Options.HeadOnly a Restart by GET where the server has no HEAD for the
// URL: 405 (Method Not Allowed) or 501 (Not Implemented, RFC 9110 section 15.6.2). That is no retry, and the body of
// the response to GET is not read.
func (t *task) replaceHead(a *judge.Answer) {
	isUnknown := a.Status == http.StatusMethodNotAllowed || a.Status == http.StatusNotImplemented
	if !t.options.HeadOnly || t.request.Method != "" || t.Method != http.MethodHead || a.Failure != nil || !isUnknown ||
		t.Verdict.Failure == nil || t.Verdict.Refusal {
		return
	}
	t.Method, t.headerOnly = http.MethodGet, true
	t.Verdict.Fate, t.Verdict.Delay = judge.Restart, 0
}
