package savedir

import (
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// syncsTogether says that Sync brings every body to disk, so that none needs a flush of its own.
const syncsTogether = true

// A flusher holds the directory open from the first flush on: an error of the disk is told once to each that has it open.
type flusher struct {
	mu  sync.Mutex
	dir *os.File
}

// Sync brings every body that has its name to disk, and the names: syncfs(2) flushes the file system they are on
// in one go, where a flush of each file would cost small bodies dearly.
func (b *Dir) Sync() (err error) {
	b.flusher.mu.Lock()
	defer b.flusher.mu.Unlock()
	if b.flusher.dir == nil {
		if b.flusher.dir, err = b.root.Open("."); err != nil {
			return err
		}
	}
	return unix.Syncfs(int(b.flusher.dir.Fd()))
}

func (f *flusher) close() error {
	if f.dir == nil {
		return nil
	}
	return f.dir.Close()
}
