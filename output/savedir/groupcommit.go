package savedir

import (
	"cmp"
	"os"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A groupMember is a body whose file a commitGroup makes: a *bodyWriter with a small body.
type groupMember interface {
	// makeFile makes its file, with no name where that can be.
	makeFile() error
	// linkNewIn gives a file without a name one in a folder that is open, unless another file has it, and closes it then.
	// It reports whether it has got the name.
	linkNewIn(folder *os.File, name string) (isNamed bool, err error)
}

// A commitGroup makes the files of small bodies, several at a time (a group commit, as of databases): what the kernel
// runs for the first is in the processor's caches for the others, and their folder is looked up once. A file that is
// made by itself, between two exchanges, takes twice as long. Any goroutine may use it.
type commitGroup struct {
	tree   *tree
	mu     sync.Mutex   // guards open
	open   *commitBatch // that others may join; nil is none
	isSlow atomic.Bool  // the last files took so long that none is to wait for another
}

// A commitBatch is bodies that are committed one after the other, by the goroutine that was the first to join.
type commitBatch struct {
	commits []*pendingCommit
	done    sync.WaitGroup // until all are
}

// A pendingCommit is one body of a batch.
type pendingCommit struct {
	body    groupMember
	folder  string
	name    string // with its folder, that its file is to get
	isNamed bool   // its file has it, and is closed
	err     error  // why it has no file, or could not be closed
}

const (
	// maxBatch is the most bodies of one batch.
	maxBatch = 16
	// slowFile is how long a file may take before others are made beside it, each by its own goroutine: that is a disk
	// or a network to wait for, and no processor.
	slowFile = time.Millisecond
)

// commit makes the file of a body in a folder, and gives it a name unless another file has that; it reports whether it
// has got it, and closes it then. One that is to have its name in another folder gets none.
func (g *commitGroup) commit(body groupMember, folder, name string) (isNamed bool, err error) {
	c := &pendingCommit{body: body, folder: folder, name: name}
	batch, isFirst := g.join(c)
	if isFirst {
		g.run(batch)
	} else {
		batch.done.Wait()
	}
	return c.isNamed, c.err
}

// join adds a body to the open batch, and reports whether it is the first there.
func (g *commitGroup) join(c *pendingCommit) (batch *commitBatch, isFirst bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if isFirst = g.open == nil; isFirst {
		g.open = &commitBatch{commits: make([]*pendingCommit, 0, maxBatch)}
		g.open.done.Add(1)
	}
	batch = g.open
	batch.commits = append(batch.commits, c)
	if len(batch.commits) == maxBatch || g.isSlow.Load() {
		g.open = nil
	}
	return batch, isFirst
}

// run commits a batch once the goroutines that can run now have had their turn, and so could join it.
func (g *commitGroup) run(batch *commitBatch) {
	defer batch.done.Done()
	if !g.isSlow.Load() {
		runtime.Gosched()
	}
	g.close(batch)
	begun := time.Now()
	batch.commit(g.tree)
	g.isSlow.Store(time.Since(begun) > slowFile*time.Duration(len(batch.commits)))
}

// close keeps others from joining a batch.
func (g *commitGroup) close(batch *commitBatch) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.open == batch {
		g.open = nil
	}
}

// commit makes the files of all bodies, and gives them their names, those in one folder together.
func (b *commitBatch) commit(tree *tree) {
	slices.SortStableFunc(b.commits, func(c, other *pendingCommit) int { return cmp.Compare(c.folder, other.folder) })
	for rest := b.commits; len(rest) > 0; {
		folder, n := rest[0].folder, 0
		for n < len(rest) && rest[n].folder == folder {
			rest[n].err = rest[n].body.makeFile()
			n++
		}
		_ = tree.inFolder(folder, func(dir *os.File) error { // one that has moved away is found out by place
			for _, c := range rest[:n] {
				c.link(dir)
			}
			return nil
		})
		rest = rest[n:]
	}
}

// link gives the file its name in its folder.
func (c *pendingCommit) link(dir *os.File) {
	if c.err == nil && folderOf(c.name) == c.folder {
		c.isNamed, c.err = c.body.linkNewIn(dir, c.name)
	}
}
