package fetch

import (
	"crypto/rand"
	"net/http"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/login"
)

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
func (p *proof) prove(to *target, header http.Header) *failure.Failure {
	p.sent = header
	if to.prover == nil {
		return nil
	}
	if signing := to.prover.sigV4; signing != nil {
		p.signedAt = time.Now()
		request := login.Unsigned{Method: to.Method, URL: to.URL, Host: to.HostHeader(), Origin: to.Origin,
			Header: header, Body: to.Body}
		added, err := p.logins.signer.Sign(signing.Keys, signing.Scope, &request, p.signedAt)
		if err != nil {
			return &failure.Failure{Kind: failure.InvalidRequest, Err: err, Option: "aws-sigv4"}
		}
		p.sent = mergeHeaders(header, added)
		return nil
	}
	if p.nonce = p.state.nonce; p.nonce == nil {
		p.nonce = p.logins.spaces.Known(to.Origin, to.URL.EscapedPath(), to.prover.who.User)
	}
	if p.nonce != nil {
		request := login.Request{Method: to.Method, Target: to.URL.RequestURI(), Body: to.Body}
		proved := p.nonce.Authorization(to.prover.who, request)
		p.sent = mergeHeaders(header, http.Header{"Authorization": {proved}})
	}
	return nil
}

// noteResponse notes what a response says of the proof, for the logins of all workers, and reports whether it asks for
// another one, which the next exchange has.
func (p *proof) noteResponse(to *target, resp *http.Response) (challenged bool) {
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
