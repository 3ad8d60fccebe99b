package savedir

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/file/filetest"
)

// TestCommitBatches: the first body of a batch commits all that join before it is full, or closed; where files are slow
// each is a batch of its own.
func TestCommitBatches(t *testing.T) {
	for _, tt := range []struct {
		name   string
		isSlow bool
		joins  int
		first  []int // which of the joins begin a batch
	}{
		{name: "one", joins: 1, first: []int{0}},
		{name: "a full one", joins: maxBatch, first: []int{0}},
		{name: "one more", joins: maxBatch + 1, first: []int{0, maxBatch}},
		{name: "slow files", isSlow: true, joins: 3, first: []int{0, 1, 2}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var g commitGroup
			g.isSlow.Store(tt.isSlow)
			var first []int
			for i := range tt.joins {
				if _, isFirst := g.join(&pendingCommit{}); isFirst {
					first = append(first, i)
				}
			}
			if fmt.Sprint(first) != fmt.Sprint(tt.first) {
				t.Errorf("batches begin with %v, want %v", first, tt.first)
			}
		})
	}
	var g commitGroup
	batch, _ := g.join(&pendingCommit{})
	g.close(batch)
	if _, isFirst := g.join(&pendingCommit{}); !isFirst || len(batch.commits) != 1 {
		t.Error("a body has joined a closed batch")
	}
}

// TestCommittedTogether: bodies of one batch are saved each by itself: in several folders, one of which has gone, and
// where another file has the name.
func TestCommittedTogether(t *testing.T) {
	dir := t.TempDir()
	filetest.Write(t, filepath.Join(dir, "there"), "old", 0o600)
	bodies := openDir(t, dir, "")
	needsUnnamed(t, bodies)
	needsName := map[string]bool{"there": true, "gone/1": true} // by place
	var commits []*pendingCommit
	for i, path := range []string{"b/1", "there", "a/1", "a/2", "gone/1", "b/2"} {
		body, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: path, Index: int64(i)})
		must(t, err)
		defer body.Abandon()
		writeText(t, body, path)
		commits = append(commits, &pendingCommit{body: body.(*bodyWriter), folder: filepath.Dir(path), name: path})
	}
	must(t, os.Remove(filepath.Join(dir, "gone")))
	time.Sleep(2 * checkFolderAfter) // until then the folder is taken to be there
	batch := &commitBatch{commits: slices.Clone(commits)}
	batch.commit(&bodies.tree)
	for _, c := range commits {
		if c.err != nil || c.isNamed == needsName[c.name] {
			t.Errorf("%s: named %t, %v", c.name, c.isNamed, c.err)
		}
		name := c.name
		if !c.isNamed {
			var err error
			name, err = c.body.(*bodyWriter).place(c.name, fmt.Sprintf("%x", sha256.Sum256([]byte(c.name))))
			must(t, err)
		}
		if got := filetest.Read(t, filepath.Join(dir, name)); got != c.name {
			t.Errorf("%s: saved %q", c.name, got)
		}
	}
}

// A fullMember is a groupMember whose file can't be written.
type fullMember struct{ t *testing.T }

func (fullMember) makeFile() error { return syscall.ENOSPC }

func (m fullMember) linkNewIn(*os.File, string) (bool, error) {
	m.t.Error("a file that could not be written gets a name")
	return true, nil
}

// TestCommitThatFails: a body of a batch whose file can't be written has its error, and no name; others have theirs.
func TestCommitThatFails(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	needsUnnamed(t, bodies)
	var commits []*pendingCommit
	for _, name := range []string{"1", "2"} {
		body, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: name})
		must(t, err)
		defer body.Abandon()
		writeText(t, body, name)
		full := &pendingCommit{body: fullMember{t}, folder: ".", name: "full" + name}
		commits = append(commits, full, &pendingCommit{body: body.(*bodyWriter), folder: ".", name: name})
	}
	(&commitBatch{commits: slices.Clone(commits)}).commit(&bodies.tree)
	for _, c := range commits {
		_, isFull := c.body.(fullMember)
		if c.isNamed == isFull || (c.err == syscall.ENOSPC) != isFull {
			t.Errorf("%s: named %t, %v", c.name, c.isNamed, c.err)
		}
		if !isFull && filetest.Read(t, filepath.Join(dir, c.name)) != c.name {
			t.Errorf("%s has other bytes", c.name)
		}
	}
}

// TestCommitsOfManyWorkers: bodies of all sizes around smallBytes that many goroutines save at once have their own
// bytes, and no memory is that of two.
func TestCommitsOfManyWorkers(t *testing.T) {
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	var workers sync.WaitGroup
	for worker := range 32 {
		workers.Go(func() {
			for i := range 40 {
				name := fmt.Sprintf("in%d/%d-%d", i%3, worker, i)
				text := strings.Repeat(name, 1+(smallBytes/len(name))*(i%5)/3)
				path, err := saveBody(bodies, &fetch.Request{URL: "https://a.test/", Path: name}, text)
				if err != nil || filetest.Read(t, path) != text {
					t.Errorf("%s of %d bytes is saved as %q, %v", name, len(text), path, err)
				}
			}
		})
	}
	workers.Wait()
	if files := listFiles(t, dir); len(files) != 32*40 {
		t.Errorf("there are %d files", len(files))
	}
}

// TestSmallBody: what has been written can be read before Commit, from memory and from a file, whatever the pieces in
// which it came; a body that is abandoned leaves nothing.
func TestSmallBody(t *testing.T) {
	for _, size := range []int{0, 1, smallBytes - 1, smallBytes, smallBytes + 1, 3 * smallBytes} {
		dir := t.TempDir()
		bodies := openDir(t, dir, "")
		needsUnnamed(t, bodies)
		written, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: "body"})
		must(t, err)
		body := written.(*bodyWriter)
		text := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
		for piece := range slices.Chunk(text, 1000) {
			if n, err := body.Write(piece); n != len(piece) || err != nil {
				t.Fatalf("wrote %d of %d, %v", n, len(piece), err)
			}
		}
		got, err := io.ReadAll(io.NewSectionReader(body, 0, int64(size)))
		if err != nil || !bytes.Equal(got, text) || (body.memory != nil) != (size <= smallBytes) {
			t.Errorf("%d bytes: read %d, in memory %t, %v", size, len(got), body.memory != nil, err)
		}
		if _, err := body.ReadAt(make([]byte, 1), int64(size)); err != io.EOF {
			t.Errorf("%d bytes: behind the end: %v", size, err)
		}
		body.Abandon()
		body.Abandon()
		if _, err := os.Lstat(filepath.Join(dir, "body")); !errors.Is(err, fs.ErrNotExist) || len(listFiles(t, dir)) > 0 {
			t.Errorf("%d bytes: there is %v", size, listFiles(t, dir))
		}
	}
}

// BenchmarkSaveSmall saves bodies of 1 KB by 64 goroutines at once, which lets them be committed together, and one
// after the other.
func BenchmarkSaveSmall(b *testing.B) {
	text := bytes.Repeat([]byte("x"), 1000)
	sum := sha256.Sum256(text)
	for _, workers := range []int{1, 64} {
		b.Run(fmt.Sprint(workers, " at once"), func(b *testing.B) {
			bodies, err := Open(b.TempDir(), NameTemplate{})
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = bodies.Close() }() // nothing is left to write
			b.ReportAllocs()
			b.SetParallelism(workers)
			var mu sync.Mutex
			next := 0
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					mu.Lock()
					next++
					name := fmt.Sprint("in/", next)
					mu.Unlock()
					body, err := bodies.Create(&fetch.Request{URL: "https://a.test/", Path: name})
					if err == nil {
						_, err = body.Write(text)
					}
					if err == nil {
						_, err = body.Commit(sum)
					}
					if err != nil {
						b.Error(err)
						return
					}
				}
			})
		})
	}
}
