package cache

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"hash"
	"io"
)

// A Store stores Entries with their bodies. It is safe for concurrent use, by other processes too.
// Whatever is found was written completely; invalid data is not found.
//
// An error means that the Store can't be reached or written, never that something is missing.
type Store interface {
	// Get returns the Entry under key with its body, which the caller closes; nil means none.
	Get(ctx context.Context, key Key) (*Found, error)
	// Put begins to replace what is under key. It is not visible until its Commit.
	Put(ctx context.Context, key Key) (Writer, error)
	// Refresh replaces the Entry under key but not its body. It does nothing where there is another body, or none, by now.
	Refresh(ctx context.Context, key Key, e *Entry) error
	// Delete removes what is under key, if there is anything.
	Delete(ctx context.Context, key Key) error
	// Close ends the use of the Store. All Writers must have been committed or aborted.
	Close() error
}

// A Writer writes a body to a Store. One goroutine uses it, until Commit or Abort.
type Writer interface {
	io.Writer
	// Commit makes the body visible with its Entry, whose Size and SHA256 are those of what was written.
	// ErrTooLarge means that the Store accepts no body of that size, or no such header: nothing is stored then.
	Commit(ctx context.Context, e *Entry) error
	// Abort removes what was written. It does nothing after Commit.
	Abort()
}

// ErrTooLarge is what a Writer returns for a body or header that its Store does not accept.
var ErrTooLarge = errors.New("too large for the cache")

// ErrCorrupt is returned at the end of a body that does not match the size and hash of its Entry.
var ErrCorrupt = errors.New("the cached body is not what was kept")

// A Found is a stored Entry with a reader of its body. At its end the body is checked: io.EOF means that all of it
// matches the hash. One goroutine uses it, and closes it.
type Found struct {
	Entry
	body  io.Reader
	close func()    // nil once closed, or where there is nothing to release
	sum   hash.Hash // of what was read; nil before the first Read
	read  int64     // bytes
}

// NewFound returns a Found; a Store calls it. done, which may be nil, is called by its first Close.
func NewFound(e Entry, body io.Reader, done func()) *Found {
	return &Found{Entry: e, body: body, close: done}
}

// Read returns ErrCorrupt at the end of a body that does not match the Entry.
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

// AppendTo appends the whole body to p, for a body that fits in memory. It costs one hash and no copy more.
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
		_, _ = io.ReadFull(whole, p[from:from+n]) // it has that many bytes
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

// Close releases the body.
func (f *Found) Close() {
	if f.close != nil {
		f.close()
		f.close = nil
	}
}
