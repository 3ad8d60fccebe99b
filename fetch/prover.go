package fetch

import (
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

// identity returns a text for the cache key: responses are found with the same credentials only.
func (p *prover) identity() string {
	if p.sigV4 != nil {
		return "sigv4 " + p.sigV4.ID + " " + p.sigV4.Secret + " " + p.sigV4.Token
	}
	return "digest " + p.who.User + ":" + p.who.Password
}
