package savedir

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// syncsAllAtOnce says that Sync brings every body to disk, so that none needs a flush of its own.
const syncsAllAtOnce = true

// A syncer holds the directory open from the first flush on: an error of the disk is told once to each that has it open.
type syncer struct {
	mu  sync.Mutex
	dir *os.File
}

// Sync brings every body that has its name to disk, and the names: syncfs(2) flushes the file system they are on
// in one go, where a flush of each file would cost small bodies dearly.
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
