package fetch

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"sync"
)

// A Keeper takes the bodies of successes, so that they need not stand in Records: into files, as a rule.
type Keeper interface {
	// Claim makes sure, before anything is asked, that the body of r can be kept under its name.
	// It is called once for each Request, in the order of the input; its error makes r an invalid_request.
	Claim(r *Request) error
	// Keep begins to take the body of r. Many are on their way at once.
	Keep(r *Request) (Keeping, error)
}

// A Keeping is one body on its way into a Keeper. An error that is no *Failure breaks the run: the disk is full, or gone.
type Keeping interface {
	io.Writer
	// Commit gives the body, which is whole and verified, its name, and returns the path to open it by.
	Commit(sum [sha256.Size]byte) (path string, err error)
	// Abandon leaves nothing behind. It does nothing after Commit.
	Abandon()
}

// copyBuffers hold what is on its way from the network to a Keeper.
var copyBuffers = sync.Pool{New: func() any { return new([64 << 10]byte) }}

// A saving is a body that streams into a Keeping, hashed on its way. Memory is one buffer at any size.
type saving struct {
	out   Keeping
	sum   hash.Hash
	bytes int64
	err   error // the Keeping's, to tell it from one of the network
}

func newSaving(keeper Keeper, r *Request) (*saving, error) {
	out, err := keeper.Keep(r)
	if err != nil {
		return nil, keepFailed(err)
	}
	return &saving{out: out, sum: sha256.New()}, nil
}

// readFrom takes all that r has, up to limit bytes, and reports whether there was more.
func (s *saving) readFrom(r io.Reader, limit int64) (more bool, err error) {
	buffer := copyBuffers.Get().(*[64 << 10]byte)
	defer copyBuffers.Put(buffer)
	n, err := io.CopyBuffer(onlyWriter{s}, io.LimitReader(r, limit+1), buffer[:])
	return n > limit, err
}

func (s *saving) Write(p []byte) (int, error) {
	s.sum.Write(p)
	n, err := s.out.Write(p)
	s.bytes += int64(n)
	s.err = err
	return n, err
}

// commit verifies the whole body against the hash that was asked for, and gives it its name.
func (s *saving) commit(rec *Record) error {
	s.sum.Sum(rec.SHA256[:0])
	rec.Hashed = true
	if err := verify(rec); err != nil {
		return err
	}
	path, err := s.out.Commit(rec.SHA256)
	rec.Path = path
	return keepFailed(err)
}

// onlyWriter hides every other method, so that the copy goes through our buffer.
type onlyWriter struct{ io.Writer }

// A keepError breaks the run.
type keepError struct{ err error }

func (e *keepError) Error() string { return "saving a body: " + e.err.Error() }

// Unwrap returns the Keeper's error.
func (e *keepError) Unwrap() error { return e.err }

// keepFailed tells what concerns one Request from what breaks the run.
func keepFailed(err error) error {
	var failure *Failure
	if err == nil || errors.As(err, &failure) {
		return err
	}
	return &Failure{Kind: IO, Err: &keepError{err}}
}
