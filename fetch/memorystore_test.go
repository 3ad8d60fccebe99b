package fetch

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"
	"sync"
)

// memoryStore is a PartialStore in memory with one partial body for each path.
type memoryStore struct {
	mu            sync.Mutex
	bodies        map[string]string
	partials      map[string]*storedPart
	unreleased    int             // partial bodies and writers that are not released
	openPartials  map[string]bool // paths of the partial bodies among them
	lookups       int
	cannotRemove  bool          // partial bodies are never removed
	partialReader readerFunc    // reads partial bodies; nil reads their bytes
	onWrite       func(all int) // called after each write with the size of the body; nil is not called
}

// storedPart is a partial body and its PartialInfo.
type storedPart struct {
	bytes string
	info  PartialInfo
}

// newMemoryStore returns an empty memoryStore.
func newMemoryStore() *memoryStore {
	return &memoryStore{bodies: map[string]string{}, partials: map[string]*storedPart{}, openPartials: map[string]bool{}}
}

func (s *memoryStore) Claim(*Request) error { return nil }

func (s *memoryStore) Create(r *Request) (BodyWriter, error) { return s.newWriter(r.Path, ""), nil }

// newWriter returns a writer of a body that starts with bytes.
func (s *memoryStore) newWriter(path, bytes string) *memoryWriter {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unreleased++
	b := &memoryWriter{store: s, path: path}
	b.text.WriteString(bytes)
	return b
}

func (s *memoryStore) Partial(r *Request) PartialBody {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookups++
	part := s.partials[r.Path]
	if part == nil {
		return nil
	}
	s.unreleased++
	s.openPartials[r.Path] = true
	in := io.Reader(strings.NewReader(part.bytes))
	if s.partialReader != nil {
		in = s.partialReader
	}
	return &memoryPartial{Reader: in, storedPart: part, store: s, path: r.Path}
}

// release counts a partial body or a writer as released. It removes the partial body at drop, unless drop is empty.
func (s *memoryStore) release(drop string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unreleased--
	if drop != "" && !s.cannotRemove {
		delete(s.partials, drop)
	}
}

// memoryPartial is the PartialBody of a memoryStore.
type memoryPartial struct {
	io.Reader
	*storedPart
	store *memoryStore
	path  string
}

func (b *memoryPartial) Size() int64       { return int64(len(b.bytes)) }
func (b *memoryPartial) Info() PartialInfo { return b.info }
func (b *memoryPartial) Release()          { b.markClosed(); b.store.release("") }
func (b *memoryPartial) Remove()           { b.markClosed(); b.store.release(b.path) }

// markClosed removes b from openPartials.
func (b *memoryPartial) markClosed() {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	delete(b.store.openPartials, b.path)
}

func (b *memoryPartial) Continue(n int64) (PartialWriter, error) {
	b.Release()
	k := b.store.newWriter(b.path, b.bytes[:n])
	k.info, k.continues = &b.storedPart.info, true
	return k, nil
}

// memoryWriter is the PartialWriter of a memoryStore.
type memoryWriter struct {
	store *memoryStore
	path  string
	text  strings.Builder
	info  *PartialInfo
	ended bool

	continues bool
}

func (b *memoryWriter) SetInfo(m PartialInfo) {
	b.store.mu.Lock()
	defer b.store.mu.Unlock()
	if !b.store.openPartials[b.path] { // a partial body at this path is open
		b.info = &m
	}
}

func (b *memoryWriter) Write(p []byte) (int, error) {
	n, err := b.text.Write(p)
	if b.store.onWrite != nil {
		b.store.onWrite(b.text.Len())
	}
	return n, err
}

// ReadAt implements io.ReaderAt.
func (b *memoryWriter) ReadAt(p []byte, at int64) (int, error) {
	return strings.NewReader(b.text.String()).ReadAt(p, at)
}

func (b *memoryWriter) Commit(sum [sha256.Size]byte) (string, error) {
	if sum != sha256.Sum256([]byte(b.text.String())) {
		return "", errors.New("the hash is of another body")
	}
	b.store.mu.Lock()
	b.store.bodies[b.path] = b.text.String()
	b.store.mu.Unlock()
	b.end(nil)
	return b.path, nil
}

func (b *memoryWriter) Abandon() { b.end(nil) }

func (b *memoryWriter) Suspend() {
	if b.info == nil {
		b.end(nil)
		return
	}
	b.end(&storedPart{b.text.String(), *b.info})
}

// end releases b, and keeps left as the partial body at its path unless left is nil.
func (b *memoryWriter) end(left *storedPart) {
	if b.ended {
		return
	}
	b.ended = true
	if b.continues {
		b.store.release(b.path)
	} else {
		b.store.release("") // a partial body at this path is not ours
	}
	if left != nil {
		b.store.mu.Lock()
		b.store.partials[b.path] = left
		b.store.mu.Unlock()
	}
}
