package output

import "golang.org/x/sys/unix"

// flushesAtOnce says that Sync brings every body to disk, so that none needs a flush of its own.
const flushesAtOnce = true

// Sync brings every body that has its name to disk, and the names: syncfs(2) flushes the file system they are on
// in one go, where a flush of each file would cost small bodies dearly.
func (b *Bodies) Sync() error {
	dir, err := b.root.Open(".")
	if err != nil {
		return err
	}
	defer func() { _ = dir.Close() }() // only read
	return unix.Syncfs(int(dir.Fd()))
}
