package fetch

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A memoryStore is a PartKeeper in memory, which keeps one part for each path.
type memoryStore struct {
	mu     sync.Mutex
	kept   map[string]string
	parts  map[string]*stored
	lent   int             // Parts and bodies that nobody has let go of
	held   map[string]bool // paths of Parts among them
	looked int
	stuck  bool          // nothing can be dropped
	reads  readBy        // nil, or how Parts are read
	wrote  func(all int) // nil, or told of how many bytes a body has after each write
}

type stored struct {
	bytes string
	mark  PartialInfo
}

func newMemoryStore() *memoryStore {
	return &memoryStore{kept: map[string]string{}, parts: map[string]*stored{}, held: map[string]bool{}}
}

func (c *memoryStore) Claim(*Request) error { return nil }

func (c *memoryStore) Create(r *Request) (BodyWriter, error) { return c.begin(r.Path, ""), nil }

func (c *memoryStore) begin(path, bytes string) *memoryWriter {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lent++
	b := &memoryWriter{cellar: c, path: path}
	b.text.WriteString(bytes)
	return b
}

func (c *memoryStore) Partial(r *Request) PartialBody {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looked++
	s := c.parts[r.Path]
	if s == nil {
		return nil
	}
	c.lent++
	c.held[r.Path] = true
	in := io.Reader(strings.NewReader(s.bytes))
	if c.reads != nil {
		in = c.reads
	}
	return &memoryPartial{Reader: in, stored: s, cellar: c, path: r.Path}
}

func (c *memoryStore) back(drop string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lent--
	if drop != "" && !c.stuck {
		delete(c.parts, drop)
	}
}

type memoryPartial struct {
	io.Reader
	*stored
	cellar *memoryStore
	path   string
}

func (b *memoryPartial) Size() int64       { return int64(len(b.bytes)) }
func (b *memoryPartial) Info() PartialInfo { return b.mark }
func (b *memoryPartial) Release()          { b.free(); b.cellar.back("") }
func (b *memoryPartial) Remove()           { b.free(); b.cellar.back(b.path) }

func (b *memoryPartial) free() {
	b.cellar.mu.Lock()
	defer b.cellar.mu.Unlock()
	delete(b.cellar.held, b.path)
}

func (b *memoryPartial) Continue(n int64) (PartialWriter, error) {
	b.Release()
	k := b.cellar.begin(b.path, b.bytes[:n])
	k.mark, k.continues = &b.stored.mark, true
	return k, nil
}

type memoryWriter struct {
	cellar *memoryStore
	path   string
	text   strings.Builder
	mark   *PartialInfo
	ended  bool

	continues bool
}

func (b *memoryWriter) SetInfo(m PartialInfo) {
	b.cellar.mu.Lock()
	defer b.cellar.mu.Unlock()
	if !b.cellar.held[b.path] { // its place is taken
		b.mark = &m
	}
}

func (b *memoryWriter) Write(p []byte) (int, error) {
	n, err := b.text.Write(p)
	if b.cellar.wrote != nil {
		b.cellar.wrote(b.text.Len())
	}
	return n, err
}

func (b *memoryWriter) Commit(sum [sha256.Size]byte) (string, error) {
	if sum != sha256.Sum256([]byte(b.text.String())) {
		return "", errors.New("the hash is of another body")
	}
	b.cellar.mu.Lock()
	b.cellar.kept[b.path] = b.text.String()
	b.cellar.mu.Unlock()
	b.end(nil)
	return b.path, nil
}

func (b *memoryWriter) Abandon() { b.end(nil) }

func (b *memoryWriter) Suspend() {
	if b.mark == nil {
		b.end(nil)
		return
	}
	b.end(&stored{b.text.String(), *b.mark})
}

func (b *memoryWriter) end(left *stored) {
	if b.ended {
		return
	}
	b.ended = true
	if b.continues {
		b.cellar.back(b.path)
	} else {
		b.cellar.back("") // a part that lies there is another's
	}
	if left != nil {
		b.cellar.mu.Lock()
		b.cellar.parts[b.path] = left
		b.cellar.mu.Unlock()
	}
}

// wine is a body of n bytes in which no two places look alike.
func wine(n int) string {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		_, _ = fmt.Fprintf(&text, "%07x ", i*2654435761&0xfffffff) // memory takes everything
	}
	return text.String()[:n]
}

// A vintner serves a body by name, and can be made to stop in its middle. It notes what it is asked for.
type vintner struct {
	mu     sync.Mutex
	body   string
	tag    string
	cuts   []int // after how many bytes of a body the next answers end
	ranges []string
	server *httptest.Server
}

func newVintner(t testing.TB, body string, cuts ...int) *vintner {
	t.Helper()
	v := &vintner{body: body, tag: `"first"`, cuts: cuts}
	v.server = httptest.NewUnstartedServer(v)
	v.server.Config.ErrorLog = silence()
	t.Cleanup(v.server.Close)
	return v
}

func (v *vintner) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	v.ranges = append(v.ranges, strings.TrimPrefix(r.Header.Get("Range")+" "+r.Header.Get("If-Range"), " "))
	cut := -1
	if len(v.cuts) > 0 {
		cut, v.cuts = v.cuts[0], v.cuts[1:]
	}
	body, tag := v.body, v.tag
	v.mu.Unlock()
	w.Header().Set("ETag", tag)
	if cut >= 0 {
		w = &faucet{w, cut}
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
}

// asked returns the ranges asked for, each with its If-Range, and forgets them.
func (v *vintner) asked() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := v.ranges
	v.ranges = nil
	return all
}

// A faucet ends an answer after so many bytes of its body.
type faucet struct {
	http.ResponseWriter
	left int
}

func (f *faucet) Write(p []byte) (int, error) {
	if len(p) < f.left {
		f.left -= len(p)
		return f.ResponseWriter.Write(p)
	}
	_, _ = f.ResponseWriter.Write(p[:f.left])
	_ = http.NewResponseController(f.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}
