package fetch

import (
	"crypto/rand"
	"net/http"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/login"
)

// SigV4 is what requests are signed for by Signature Version 4 of AWS, and the keys where there is no user: its Keys
// may be temporary ones.
type SigV4 struct {
	login.Scope
	login.Keys
}

// A prover has the credentials of a target that are not sent, but prove each request: by a digest, or by a signature.
type prover struct {
	who   login.Credentials
	sigV4 *SigV4 // with ID and Secret; nil is Digest
}

// proveBy returns h with an Authorization for Basic authentication (RFC 7617) or, where the Options have another
// scheme, without one, and the prover for that.
func (o *Options) proveBy(h http.Header, who login.Credentials) (http.Header, *prover) {
	switch {
	case o.SigV4 != nil:
		signing := *o.SigV4
		signing.Keys = login.Keys{ID: who.User, Secret: who.Password}
		return h, &prover{sigV4: &signing}
	case o.Digest:
		return h, &prover{who: who}
	}
	return mergeHeaders(h, http.Header{"Authorization": {dial.BasicAuth(who.User, who.Password)}}), nil
}

// hasSigningKeys reports whether there are keys to sign requests with that belong to no host.
func (o *Options) hasSigningKeys() bool { return o.SigV4 != nil && o.SigV4.ID != "" }

// identity returns a text for the cache key: responses are found with the same credentials only.
func (p *prover) identity() string {
	if p.sigV4 != nil {
		return "sigv4 " + p.sigV4.ID + " " + p.sigV4.Secret + " " + p.sigV4.Token
	}
	return "digest " + p.who.User + ":" + p.who.Password
}

// logins are what the servers of a run have said about credentials. All workers share them.
type logins struct {
	spaces *login.Spaces
	signer *login.Signer
}

func newLogins() *logins { return &logins{login.NewSpaces(rand.Text), login.NewSigner()} }

// A challengeState is what a task has met of challenges in its current attempt, or redirect.
type challengeState struct {
	nonce *login.Nonce // for its next exchange; nil is that which its server has given for all
	count int          // exchanges that were challenged
}

// maxChallenges is the most exchanges of an attempt that are challenged: without credentials or with the nonce of
// others, and with one that expired before the answer was sent, more than once where that had to wait.
const maxChallenges = 4

// A proof is how an exchange proves its credentials, and what the server said to it.
type proof struct {
	logins   *logins
	state    challengeState
	sent     http.Header  // the header of the request
	nonce    *login.Nonce // of a digest; nil is none
	signedAt time.Time
	next     *login.Nonce // for the exchange that follows one that was challenged
}

// prove sets the header that is sent: header, with the proof of the credentials of to.
func (x *exchange) prove(to *target, header http.Header) *failure.Failure {
	x.proof.sent = header
	if to.prover == nil {
		return nil
	}
	request := login.Request{Method: to.Method, Target: to.URL.RequestURI(), Body: to.Body}
	if signing := to.prover.sigV4; signing != nil {
		x.proof.signedAt = time.Now()
		added, err := x.proof.logins.signer.Sign(signing.Keys, signing.Scope, request, to.URL, to.HostHeader(), to.Origin,
			header, x.proof.signedAt)
		if err != nil {
			return &failure.Failure{Kind: failure.InvalidRequest, Err: err, Option: "aws-sigv4"}
		}
		x.proof.sent = mergeHeaders(header, added)
		return nil
	}
	if x.proof.nonce = x.proof.state.nonce; x.proof.nonce == nil {
		x.proof.nonce = x.proof.logins.spaces.Known(to.Origin, to.URL.EscapedPath(), to.prover.who.User)
	}
	if x.proof.nonce != nil {
		proved := x.proof.nonce.Authorization(to.prover.who, request)
		x.proof.sent = mergeHeaders(header, http.Header{"Authorization": {proved}})
	}
	return nil
}

// isChallenged reports whether a response asks for another proof of the credentials, which the next exchange has.
func (x *exchange) isChallenged(to *target, resp *http.Response) bool {
	p := &x.proof
	if to.prover == nil || p.state.count >= maxChallenges {
		return false
	}
	if to.prover.sigV4 != nil {
		return p.state.count == 0 && p.logins.signer.Refused(to.Origin, resp.StatusCode, resp.Header, p.signedAt)
	}
	who := to.prover.who.User
	if resp.StatusCode != http.StatusUnauthorized {
		if p.nonce != nil {
			p.logins.spaces.Accepted(to.Origin, who, p.nonce, resp.Header)
		}
		return false
	}
	p.next = p.logins.spaces.Challenged(to.Origin, to.URL.EscapedPath(), who, p.nonce, resp.Header)
	return p.next != nil
}

// countChallenge takes what an exchange has met of challenges into its task. The answer goes before the tasks that
// wait: a nonce may be good for a short time, and they can use it once it has been let in.
func (t *task) countChallenge(x *exchange, challenged bool) {
	if t.First = challenged; challenged {
		t.challenges = challengeState{x.proof.next, t.challenges.count + 1}
	}
}
