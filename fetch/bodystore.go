package fetch

import (
	"crypto/sha256"
	"io"
	"net/http"
)

// A BodyStore stores the bodies of successes outside of their Records, as a rule in files. Claim is called by one
// goroutine at a time, Create by many at once.
type BodyStore interface {
	// Claim reserves the name of the body of r before r is requested, and may set its Path. It is called once for each
	// Request, in the order of the input, and in between for further pages (Request.Page). Its error makes r a Failure of
	// Kind InvalidRequest, but for ErrSkipped, which leaves the first page of r out.
	Claim(r *Request) error
	// Create begins a body of r, from its first byte. An error that is no *Failure ends the run: the disk is full, or
	// gone.
	Create(r *Request) (BodyWriter, error)
}

// A BodyWriter takes one body for a BodyStore. One goroutine uses it; at the end it calls Abandon, after Commit too, or
// Suspend of a PartialWriter. An error of a method that is no *Failure ends the run: the disk is full, or gone. One
// that is an io.ReaderAt of what has been written lets a body be checked once more before Commit, without its coding.
type BodyWriter interface {
	io.Writer
	// Commit stores the body, which is whole and verified, under its name, and returns the path to open it by. sum is
	// the SHA-256 of the decoded body.
	Commit(sum [sha256.Size]byte) (path string, err error)
	// Abandon removes what has been written. It does nothing after Commit.
	Abandon()
}

// A HeaderWriter is a BodyWriter that names the body by its response: SetHeader is called before Commit with the
// header, which is shared and not written to.
type HeaderWriter interface {
	BodyWriter
	SetHeader(http.Header)
}

// commitBody commits the body of rec, and sets its Path.
func commitBody(out BodyWriter, rec *Record) (err error) {
	if named, ok := out.(HeaderWriter); ok {
		named.SetHeader(rec.header)
	}
	rec.Path, err = out.Commit(rec.SHA256)
	return storeFailure(err)
}

// A PartialStore is a BodyStore that can keep the start of a body whose transfer was cut off, for a later attempt or
// another run to continue (RFC 9110 section 14; curl -C -). Any other BodyStore keeps whole bodies only.
type PartialStore interface {
	BodyStore
	// Partial returns the start of the body of r that an earlier exchange has left, and locks it for the caller until
	// Continue, Release or Remove. It returns nil where there is none that can be used, or where another has it locked.
	// It is called before each exchange that may ask for a range.
	Partial(r *Request) PartialBody
}

// A PartialBody is the start of a body that an exchange which was cut off has left. One goroutine uses it, up to a call
// of Continue, Release or Remove.
type PartialBody interface {
	// Read reads its bytes from the first on.
	io.Reader
	// Size returns the number of its bytes, at least 1.
	Size() int64
	// Info returns what SetInfo was given.
	Info() PartialInfo
	// Continue begins to take the rest of the body, after the first n bytes of this start; more bytes than n are
	// dropped. Its error is like that of BodyStore.Create.
	Continue(n int64) (PartialWriter, error)
	// Release unlocks it, for others to continue.
	Release()
	// Remove deletes it.
	Remove()
}

// A PartialWriter is a BodyWriter that can be ended half-way. Create of a PartialStore may return one.
type PartialWriter interface {
	BodyWriter
	// SetInfo says of which body these bytes are. It is called once at most: from then on what has been written
	// survives the process too, as far as the store can do that.
	SetInfo(PartialInfo)
	// Suspend ends a body whose transfer was cut off: what has been written can be continued where SetInfo has been
	// called, else it is abandoned. It does nothing after Commit or Abandon.
	Suspend()
}

// A PartialInfo says of which body a partial body is the start, so that the rest of that one can be requested, and no
// other is appended to it. It has no secrets in it.
type PartialInfo struct {
	// Validator is the value for If-Range (RFC 9110 section 13.1.5), a strong entity tag or the date of Last-Modified; or
	// it is an entity tag for which there is no If-Range: one without quotes, or a weak one. Then Total is known too, and
	// with a weak one LastModified.
	Validator string
	// LastModified is that of the response, in the form that senders have to use; empty is none.
	LastModified string
	// Coding is the Content-Encoding that the bytes are left in; empty is none.
	Coding string
	// Total is the length of the whole body in bytes; 0 is unknown.
	Total int64
	// URL is the URL that the bytes came from, without userinfo and fragment. A hash stands for its query, which may be
	// secret.
	URL string
}
