package cache

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// A Disk is a Store of plain files: an image under the key's name in one of 256 folders. Small entries that are stored
// together share a file, which has a name for each. A file gets its names once it is complete, so a kill leaves no
// incomplete entry. Nothing is synced: what a power failure has
// damaged does not match its hash and is fetched again. Any number of processes of one user may use one directory. Only
// the owner can read the files; a directory or file that another user can have changed is not used.
type Disk struct {
	files entryFiles
	usage usage
}

const (
	// layout is the version of the layout, and the directory below the cache's. Those of other versions are ignored.
	layout = "v1"

	// tailBytes is how many of the last bytes of a file are read at once, which are all of a small one.
	tailBytes = inMemory + 4<<10
	// appendFrom is the size of a body from which on a new note is appended. With a smaller one the file is rewritten.
	appendFrom = 64 << 10
	// mostSlack is how many bytes of earlier notes a file may have before it is rewritten.
	mostSlack = 64 << 10
	// touchAfter is the resolution at which the time of last use is stored.
	touchAfter = time.Hour
)

// OpenDisk returns a Store in dir, which it makes if it does not exist. limit is how many bytes its files may take
// together; above 0. The limit can be exceeded for a while: it is enforced each time a sixteenth of it has been
// written, and at Close. The error says so where the directory is another user's, or others may write to it.
func OpenDisk(dir string, limit int64) (*Disk, error) {
	d := new(Disk)
	d.files.init(filepath.Join(dir, layout))
	d.usage.files, d.usage.limit = &d.files, limit
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return d, err
	}
	err := os.Mkdir(d.files.dir, 0o700)
	if d.usage.isNew = err == nil; err != nil && !errors.Is(err, fs.ErrExist) {
		return d, err
	}
	above, err := os.Stat(dir) // behind symbolic links
	if err == nil {
		err = checkOurs(dir, above)
	}
	if err != nil {
		return d, err
	}
	info, err := os.Lstat(d.files.dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: d.files.dir, Err: syscall.ENOTDIR}
	}
	if err == nil {
		err = checkOurs(d.files.dir, info)
	}
	if err == nil {
		d.files.openTop()
	}
	switch {
	case err != nil:
	case d.usage.isNew:
		d.files.own.begin()
	default:
		d.files.own.noteOpened()
	}
	return d, err
}

// tailPool are the buffers for the last bytes of a file.
var tailPool = sync.Pool{New: func() any { return new([tailBytes]byte) }}

// Get returns the Entry under key with its body; nil means none.
func (d *Disk) Get(_ context.Context, key Key) (*Found, error) {
	name := d.files.name(key)
	buffer := tailPool.Get().(*[tailBytes]byte)
	release := func() { tailPool.Put(buffer) }
	held, file, size, used, err := readTail(name, buffer[:])
	if err != nil || held == nil {
		release()
		if errors.Is(err, fs.ErrNotExist) {
			err = nil
		}
		return nil, err
	}
	found := d.read(held, file, size, key, release)
	if now := d.files.now(); found != nil && now.Sub(used) > touchAfter {
		_ = os.Chtimes(name, now, now) // it may have been removed meanwhile; then it does not matter
	}
	return found, nil
}

// read returns a Found for a file whose last bytes are held; where file is nil they are all of it. It owns both and
// releases them, at once where it returns nil, and otherwise when the Found is closed.
func (d *Disk) read(held []byte, file *os.File, size int64, key Key, release func()) *Found {
	e, body, err := readImage(file, size, held, key)
	if file == nil {
		if err != nil {
			release()
			return nil
		}
		return NewFound(e, body, release)
	}
	release()
	if err != nil {
		_ = file.Close() // only read, here and below
		return nil
	}
	return NewFound(e, body, func() { _ = file.Close() })
}

// Put returns a Writer for the file of key. It makes no file until a body is too large for memory, or Commit.
func (d *Disk) Put(_ context.Context, key Key) (Writer, error) {
	w := d.writer(key)
	return &w, nil
}

// writer returns a Writer for the file of key.
func (d *Disk) writer(key Key) diskWriter {
	return diskWriter{files: &d.files, usage: &d.usage, key: key}
}

// knowsKeys and lacks make it a keyKnower.
func (d *Disk) knowsKeys() bool    { return d.files.own.isKnown() }
func (d *Disk) lacks(key Key) bool { return d.files.lacks(key) }

// Delete removes the file of key.
func (d *Disk) Delete(_ context.Context, key Key) error { return d.files.remove(key) }

// Close enforces the limit on the size of all files, and removes the drafts of runs that were killed. It returns an
// error only where something was written.
func (d *Disk) Close() error {
	idle := d.usage.unnoted.Load() == 0
	err := d.usage.note(closeSweepTime)
	d.files.drafts.close()
	d.files.closeTop()
	if !idle {
		return err
	}
	return nil
}
