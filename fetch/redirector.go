package fetch

import (
	"net/http"

	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// A redirector sets the targets of Tasks to where redirects lead (RFC 9110 section 15.4). All workers share it; it has
// no state of its own.
type redirector struct {
	targets   *targeter
	transport *transport.Transport // says which servers may redirect to public addresses only
}

// follow sets the target of a Task to the Location of a redirect that came from the address remote. Where that can't be
// followed it sets a Verdict that is Final with a Failure.
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
	targets := r.targets
	if t.robots != nil {
		targets = targets.ofRobots
	}
	own, lane := targets.forRequest(&t.request, &to.Target)
	to.options, to.policy, to.lane = own.options, &own.policy, lane
	to.PublicOnly = r.transport.MustStayPublic(&t.target.Target, remote)
	if t.leftOrigin = t.leftOrigin || to.Origin != t.Origin; t.leftOrigin {
		var own *prover
		if to.Header, own = r.targets.credentials.withHostSecrets(to.Header, to.URL, to.Method); own != nil {
			to.prover = own
		}
	}
	t.target = to
	t.hops++
}
