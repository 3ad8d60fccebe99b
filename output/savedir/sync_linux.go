package savedir

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// syncsAllAtOnce says that Sync syncs every body at once, so that none is synced by itself.
const syncsAllAtOnce = true

// syncer has the directory open from the first sync on: Linux reports an I/O error once to each open file description.
type syncer struct {
	mu  sync.Mutex
	dir *os.File
}

// sync syncs every body saved below root, and its name. syncfs(2) syncs their whole file system in one call; an fsync
// of each file would cost small bodies far more.
func (f *syncer) sync(root *os.Root) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dir == nil {
		if f.dir, err = root.Open("."); err != nil {
			return err
		}
	}
	return unix.Syncfs(int(f.dir.Fd()))
}

func (f *syncer) close() error {
	if f.dir == nil {
		return nil
	}
	return f.dir.Close()
}
