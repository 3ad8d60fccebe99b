/*
Package login makes the Authorization of requests whose credentials are not sent themselves, but prove each request.

	WWW-Authenticate ─▷ parseChallenges ─▷ strongest Challenge                       challenge.go
	                                            │
	Challenge + Credentials + Request ─▷ Authorization: Digest …  (RFC 7616)         digest.go
	                                            │
	Spaces: which Nonce of which protection space a request takes, for all at once   spaces.go

	Signer: Authorization: AWS4-HMAC-SHA256 … of each Request (Signature Version 4)  sigv4.go

Nothing here connects or reads a clock: the time is an argument. Of our packages it imports none. Basic authentication
needs no more than a header, and is package dial's.
*/
package login
