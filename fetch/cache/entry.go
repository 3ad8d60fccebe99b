package cache

import (
	"net/http"
	"time"
)

// Key is where an answer is kept: a hash, from which nobody learns what was asked.
type Key [32]byte

// Sum is a SHA-256; zero is none.
type Sum [32]byte

// An Entry is what is known of an answer, its body aside.
type Entry struct {
	// Status is what the server said, 200 or 301 for instance.
	Status int
	// Proto is the protocol's name, such as HTTP/2.0.
	Proto string
	// Header is the answer's, without what concerns one connection only and without cookies: see Storable.
	Header http.Header
	// Requested and Received are when the request was sent and the answer's header had come (RFC 9111 section 4.2.3).
	Requested, Received time.Time
	// RemoteAddr is the address that answered, host:port.
	RemoteAddr string
	// Size is that of the decoded body in bytes, SHA256 its hash. Both are zero where HasBody is false.
	Size   int64
	SHA256 Sum
	// HasBody is false for answers that can have none: to HEAD, 204, redirects.
	HasBody bool
	// Coded says that the body is kept under the content codings that Header names.
	Coded bool
	// Seen is the hash of the body that the user had been told of before this one; zero is none. Teller is the run that tells of
	// this one; zero is none: see Teller.
	Seen, Teller Sum

	kind   kind
	coding string // the request's Accept-Encoding, where that alone chose the answer, and no choice leads to it
}

// A kind says what an Entry is of.
type kind byte

const (
	ofAnswer kind = iota
	ofDigest      // only the hash of the body is known: the answer itself may not be kept, or is too large
	ofChoice      // several answers are kept for the Question, told apart by more than that: see choice
)

// Digest returns an Entry that keeps nothing of an answer but the hash of its body. It can't be used in the answer's place.
func Digest(sum Sum, now time.Time) *Entry {
	return &Entry{kind: ofDigest, SHA256: sum, Requested: now, Received: now}
}

// IsDigest reports whether the Entry is one that Digest made.
func (e *Entry) IsDigest() bool { return e.kind == ofDigest }
