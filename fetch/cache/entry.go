package cache

import (
	"net/http"
	"time"
)

// A Key is where a response is stored: a hash, which does not reveal the request.
type Key [32]byte

// A Sum is a SHA-256; zero means none.
type Sum [32]byte

// An Entry is a stored response without its body.
type Entry struct {
	// Status is the status code, such as 200 or 301.
	Status int
	// Proto is the protocol's name, such as HTTP/2.0.
	Proto string
	// Header is the response's, without fields of one connection and without cookies: see Storable.
	Header http.Header
	// Requested and Received are when the request was sent and the response's header was received (RFC 9111 section
	// 4.2.3).
	Requested, Received time.Time
	// RemoteAddr is the address of the server, host:port.
	RemoteAddr string
	// Size is the size of the decoded body in bytes, SHA256 its hash. Both are zero where HasBody is false.
	Size   int64
	SHA256 Sum
	// HasBody is false for responses that can have no body: to HEAD, 204, redirects.
	HasBody bool
	// Coded says that the body is stored under the content codings that Header names.
	Coded bool
	// ReportedBefore is the hash of the body that was reported to the user before this one; zero means none. Reporter
	// is the run that reports this one; zero means none: see the type Reporter.
	ReportedBefore, Reporter Sum

	kind   kind
	coding string // the request's Accept-Encoding, where the response varies by that alone and has no choice
}

// A kind is what an Entry describes.
type kind byte

const (
	ofResponse kind = iota
	ofDigest        // only the hash of the body is known: the response may not be stored, or is too large
	ofChoice        // several responses are stored for the Request, selected by request headers or user: see choice
)

// Digest returns an Entry that has nothing of a response but the hash of its body. It can't be used instead of the
// response.
func Digest(sum Sum, now time.Time) *Entry {
	return &Entry{kind: ofDigest, SHA256: sum, Requested: now, Received: now}
}

// IsDigest reports whether the Entry is one that Digest made.
func (e *Entry) IsDigest() bool { return e.kind == ofDigest }
