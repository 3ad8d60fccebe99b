package fetch

import (
	"crypto/sha256"
	"io"
)

// A BodyStore takes the bodies of successes, so that they need not stand in Records: into files, as a rule.
type BodyStore interface {
	// Claim makes sure, before anything is asked, that the body of r can be kept under its name.
	// It is called once for each Request, in the order of the input; its error makes r an invalid_request.
	Claim(r *Request) error
	// Create begins to take the body of r. Many are on their way at once.
	Create(r *Request) (BodyWriter, error)
}

// A BodyWriter is one body on its way into a Keeper. An error that is no *Failure breaks the run: the disk is full, or gone.
type BodyWriter interface {
	io.Writer
	// Commit gives the body, which is whole and verified, its name, and returns the path to open it by.
	Commit(sum [sha256.Size]byte) (path string, err error)
	// Abandon leaves nothing behind. It does nothing after Commit.
	Abandon()
}

// A PartialStore is a Keeper that can keep a part of a body whose transfer broke off, for a later attempt or another run to continue.
// A Keeper that is none keeps whole bodies only.
type PartialStore interface {
	BodyStore
	// Partial returns what there is of the body of r, for the caller alone, until that lets go of it; nil where there is nothing,
	// nothing of use, or another has it. It is called before each exchange that may be for a part.
	Partial(r *Request) PartialBody
}

// A PartialBody is what an exchange that broke off has left of a body. It ends with a call of Continue, Leave or Drop.
type PartialBody interface {
	// Read reads its bytes from the first on.
	io.Reader
	// Size is how many there are, at least 1.
	Size() int64
	// Info is what the Part was marked with.
	Info() PartialInfo
	// Continue begins to take the body's rest, behind the first n bytes of the Part. Its error is like that of Keep.
	Continue(n int64) (PartialWriter, error)
	// Release lets go of the Part, for others to find.
	Release()
	// Remove removes it.
	Remove()
}

// A PartialWriter is a Keeping that can be left half-way. A PartKeeper's Keep may return one.
type PartialWriter interface {
	BodyWriter
	// SetInfo says of which body this is, once: from now on what has been written outlives even the process, as far as that can be.
	SetInfo(PartialInfo)
	// Suspend ends a body whose transfer broke off: what has been written is left as a Part where it has been marked,
	// else abandoned. It does nothing after Commit or Abandon.
	Suspend()
}

// A PartialInfo says of which body a part is, so that the rest of that body can be asked for, and of no other.
// Nothing in it is secret.
type PartialInfo struct {
	// Validator is what If-Range takes (RFC 9110 section 13.1.5): a strong entity tag, or the date of a Last-Modified.
	Validator string
	// Total is the length of the whole body in bytes; 0 is unknown.
	Total int64
	// At is the URL that the bytes came from, without userinfo and fragment. A hash stands for its query, which may be secret.
	At string
}
