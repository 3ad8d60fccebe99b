package fetch

import (
	"net/http"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// A redirector points Tasks at where redirects lead. It is shared and has no state of its own.
type redirector struct {
	targets   *targeter
	transport *transport.Transport // knows which servers may only lead to public addresses
}

// follow points a Task at the Location of a redirect that came from the address remote; its Verdict is a failure where
// that can't be followed.
func (r *redirector) follow(t *task, status int, header http.Header, remote string) {
	location, failure := locationOf(status, header)
	if failure != nil {
		t.Verdict = judge.Verdict{Failure: failure}
		return
	}
	to, failure := t.follow(status, location)
	if failure != nil {
		t.Verdict = judge.Verdict{Failure: failure}
		return
	}
	origin := r.targets.forOrigin(to.Origin)
	to.options, to.policy = origin.options, &origin.policy
	to.PublicOnly = r.transport.MustStayPublic(&t.target.Target, remote)
	t.target = to
	t.hops++
}
