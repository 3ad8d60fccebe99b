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

// Sync syncs every saved body and its name. syncfs(2) syncs their whole file system in one call; an fsync of each file
// would cost small bodies far more.
func (d *Dir) Sync() (err error) {
	d.syncer.mu.Lock()
	defer d.syncer.mu.Unlock()
	if d.syncer.dir == nil {
		if d.syncer.dir, err = d.root.Open("."); err != nil {
			return err
		}
	}
	return unix.Syncfs(int(d.syncer.dir.Fd()))
}

func (f *syncer) close() error {
	if f.dir == nil {
		return nil
	}
	return f.dir.Close()
}
