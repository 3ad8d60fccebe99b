package fetch

import (
	"net/http"
	"slices"
	"sync"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// noHead are the statuses by which servers say that they have no HEAD for a URL: 405 (Method Not Allowed) and 501 (Not
// Implemented, RFC 9110 section 15.6.2); 400 and 406 (Not Acceptable), as Netdata 1.37 and systemd-journal-gatewayd
// 252 do for each URL that they have; and 404, as Gin 1.11 and LoopBack 4 do for each route of GET.
var noHead = []int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
	http.StatusNotImplemented}

// lacksHead reports whether an Answer to HEAD is that of a server without HEAD, which says so; or closes the connection
// in place of an answer, as the statistics channel of BIND 9.18 does; or sends what is no HTTP, as the "200 OK" with
// "Content-Length: -1" of apt-cacher-ng 3.7.4 for each file that it has not stored, whether its origin has it or not.
func lacksHead(a *judge.Answer) bool {
	if a.Failure == nil {
		return slices.Contains(noHead, a.Status)
	}
	switch a.Failure.Kind {
	case failure.Protocol:
		return true
	case failure.Truncated:
		return a.Status == 0 && !a.Responded && !a.NotProcessed && !a.Shared
	}
	return false
}

// replaceHead makes the Verdict on a HEAD of Options.HeadOnly a Restart by GET where the server has no HEAD for the
// URL. That is no retry, and the body of the response to GET is not read.
func (t *task) replaceHead(a *judge.Answer, hosts *headlessHosts) {
	if !t.options.HeadOnly || t.request.Method != "" || t.robots != nil {
		return
	}
	switch {
	case t.headerOnly:
		if t.Verdict.Failure == nil {
			hosts.countMissing(t.Origin)
		}
	case t.Method != http.MethodHead:
	case lacksHead(a) && t.Verdict.Failure != nil && !t.Verdict.Refusal:
		t.Method, t.headerOnly = http.MethodGet, true
		t.Verdict.Fate, t.Verdict.Delay = judge.Restart, 0
		t.Verdict.Health = judge.Unknown // the response to GET tells more of the host
		t.First = true                   // so that it does before those that wait are requested by HEAD, too
	case a.Failure == nil:
		hosts.forget(t.Origin)
	}
}

// headlessHosts are the hosts that have no HEAD for any URL so far. The workers share it.
type headlessHosts struct {
	mu     sync.Mutex
	inARow map[string]int // by origin: GETs that succeeded where HEAD did not; none are kept of hosts with a HEAD
}

// headlessFrom is how many URLs in a row a host has no HEAD for before its next ones are requested by GET at once, and
// maxHeadless how many hosts are counted.
const (
	headlessFrom = 8
	maxHeadless  = 10_000
)

// countMissing counts a URL of a host that has it for GET, but not for HEAD.
func (h *headlessHosts) countMissing(origin string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inARow == nil {
		h.inARow = make(map[string]int)
	}
	if h.inARow[origin] > 0 || len(h.inARow) < maxHeadless {
		h.inARow[origin]++
	}
}

// forget notes that a host has a HEAD.
func (h *headlessHosts) forget(origin string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.inARow, origin)
}

// skipHead makes the first exchange of a task a GET in place of HEAD where its host has no HEAD.
func (h *headlessHosts) skipHead(t *task) {
	if !t.options.HeadOnly || t.request.Method != "" || t.Method != http.MethodHead || t.robots != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.inARow[t.Origin] >= headlessFrom {
		t.Method, t.headerOnly = http.MethodGet, true
	}
}
