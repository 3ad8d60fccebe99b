package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

// A Store keeps Entries with their bodies. Many goroutines, and other processes, use it at once.
// Whatever is found has been written whole; what a Store can't make sense of is not found.
//
// An error says that the Store can't be reached or written, never that something is not there.
type Store interface {
	// Get returns what is kept under key, to be closed, or nil where there is nothing of use.
	Get(ctx context.Context, key Key) (*Found, error)
	// Put begins to keep something under key, in place of what is there. Until its Commit nobody sees it.
	Put(ctx context.Context, key Key) (Writer, error)
	// Refresh replaces the Entry under key and leaves its body alone. It does nothing where another body, or none, is there by now.
	Refresh(ctx context.Context, key Key, e *Entry) error
	// Delete forgets key, where it is known.
	Delete(ctx context.Context, key Key) error
	// Close ends the use of the Store. What is on its way is abandoned before.
	Close() error
}

// A Writer takes a body. One goroutine uses it, until Commit or Abort.
type Writer interface {
	io.Writer
	// Commit makes the body visible with its Entry, whose Size and SHA256 are those of what was written.
	// ErrTooLarge says that the Store takes no body of that size, or no such header: nothing is kept then.
	Commit(ctx context.Context, e *Entry) error
	// Abort leaves nothing behind. It does nothing after Commit.
	Abort()
}

// ErrTooLarge is what a Writer returns for a body or header that its Store does not take.
var ErrTooLarge = errors.New("too large for the cache")

// ErrCorrupt is how the body of a Found ends that is not what its Entry says.
var ErrCorrupt = errors.New("the cached body is not what was kept")

// A Found is an Entry with its body, read from its start. At its end the body is checked: io.EOF says that all of it was right.
type Found struct {
	Entry
	body  io.Reader
	close func()
	sum   hash.Hash
	read  int64
}

// NewFound returns a Found of a Store; done, which may be nil, is called at its Close.
func NewFound(e Entry, body io.Reader, done func()) *Found {
	return &Found{Entry: e, body: body, close: done}
}

// Read returns ErrCorrupt where the body ends and is not what the Entry says.
func (f *Found) Read(p []byte) (int, error) {
	if !f.HasBody {
		return 0, io.EOF
	}
	if f.sum == nil {
		f.sum = sha256.New()
	}
	n, err := f.body.Read(p)
	f.sum.Write(p[:n])
	f.read += int64(n)
	switch {
	case f.read > f.Size || err == io.ErrUnexpectedEOF:
		return 0, ErrCorrupt
	case err == io.EOF && (f.read != f.Size || Sum(f.sum.Sum(nil)) != f.SHA256):
		return 0, ErrCorrupt
	}
	return n, err
}

// AppendTo appends the whole body to p: for one that fits in memory. It costs one hash and no copy more.
func (f *Found) AppendTo(p []byte) ([]byte, error) {
	from := len(p)
	if !f.HasBody {
		return p, nil
	}
	if whole, ok := f.body.(*bytes.Reader); ok && int64(whole.Len()) == f.Size {
		n := int(f.Size)
		if cap(p)-from < n {
			p = append(make([]byte, 0, from+n), p...)
		}
		_, _ = io.ReadFull(whole, p[from:from+n]) // it has that many
		p = p[:from+n]
	} else {
		rest := bytes.NewBuffer(p)
		if _, err := rest.ReadFrom(io.LimitReader(f.body, f.Size+1)); err != nil {
			return nil, err
		}
		p = rest.Bytes()
	}
	if int64(len(p)-from) != f.Size || sha256.Sum256(p[from:]) != f.SHA256 {
		return nil, ErrCorrupt
	}
	return p, nil
}

// Close lets go of the body.
func (f *Found) Close() {
	if f.close != nil {
		f.close()
		f.close = nil
	}
}
