package cache

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A Disk is a Store of plain files: an image under the key's name in one of 256 folders. Small entries that are stored
// together share a file, which has a name for each. A file gets its names once it is complete, so a kill leaves no
// incomplete entry. Nothing is synced: what a power failure has
// damaged does not match its hash and is fetched again. Any number of processes of one user may use one directory. Only
// the owner can read the files; a directory or file that another user can have changed is not used.
type Disk struct {
	dir   string // the folders are below it
	limit int64  // bytes of all files together
	now   func() time.Time

	own     atomic.Pointer[ownKeys] // nil: others may have stored something, or the usage file was written
	unnoted atomic.Int64            // bytes written and not yet added to the usage file
	noting  sync.Mutex              // held while the usage file is updated
	// isNew says that the directory was made by this Disk, and the usage file was not updated yet; noting guards it.
	isNew bool
}

const (
	// layout is the version of the layout, and the directory below the cache's. Those of other versions are ignored.
	layout = "v1"
	// draft is the prefix of the name of a file that is being written. It is in the folder where it will stay: writers
	// then do not wait for each other, which halves the time for 100,000 small responses.
	draft = ".draft-"

	// inMemory is the size in bytes up to which a body is held in memory while it is written, and read in one call.
	inMemory = 16 << 10
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
	d := &Disk{dir: filepath.Join(dir, layout), limit: limit, now: time.Now}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return d, err
	}
	err := os.Mkdir(d.dir, 0o700)
	if d.isNew = err == nil; err != nil && !errors.Is(err, fs.ErrExist) {
		return d, err
	}
	above, err := os.Stat(dir) // behind symbolic links
	if err == nil {
		err = checkOurs(dir, above)
	}
	if err != nil {
		return d, err
	}
	info, err := os.Lstat(d.dir)
	if err == nil && !info.IsDir() {
		err = &fs.PathError{Op: "open", Path: d.dir, Err: syscall.ENOTDIR}
	}
	if err == nil {
		err = checkOurs(d.dir, info)
	}
	switch {
	case err != nil:
	case d.isNew:
		d.own.Store(new(ownKeys))
	default:
		d.noteOpened()
	}
	return d, err
}

// errNotOurs is why a directory or an entry is not used: another user can have put there what is in it.
var errNotOurs = errors.New("not only this user's")

// name returns the name of the file for a key.
func (d *Disk) name(key Key) string {
	name := make([]byte, 0, 256) // of which the result is the only copy: most names are shorter
	name = append(append(name, d.dir...), filepath.Separator)
	name = append(hex.AppendEncode(name, key[:1]), filepath.Separator)
	return string(hex.AppendEncode(name, key[1:]))
}

// tailPool are the buffers for the last bytes of a file.
var tailPool = sync.Pool{New: func() any { return new([tailBytes]byte) }}

// Get returns the Entry under key with its body; nil means none.
func (d *Disk) Get(_ context.Context, key Key) (*Found, error) {
	name := d.name(key)
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
	if now := d.now(); found != nil && now.Sub(used) > touchAfter {
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
	return &diskWriter{disk: d, key: key}, nil
}

// A diskWriter is a Writer of a Disk. It holds a body in memory while it is small, and then in a draft.
type diskWriter struct {
	disk *Disk
	key  Key
	head []byte   // the body while file is nil
	file *os.File // nil while the body is in head
	size int64    // of the body so far, in bytes
	err  error    // of an earlier Write, which all later calls return
	done bool     // it was committed or aborted
}

// Write appends p to the body.
func (w *diskWriter) Write(p []byte) (int, error) {
	if w.err == nil {
		w.err = w.write(p)
	}
	if w.err != nil {
		return 0, w.err
	}
	w.size += int64(len(p))
	return len(p), nil
}

// write appends p to head or to the file.
func (w *diskWriter) write(p []byte) (err error) {
	if w.file == nil && len(w.head)+len(p) <= inMemory {
		w.head = append(w.head, p...)
		return nil
	}
	if err = w.moveToFile(); err == nil {
		_, err = w.file.Write(p)
	}
	return err
}

// moveToFile makes the draft, unless there is one, and writes to it what is in memory.
func (w *diskWriter) moveToFile() (err error) {
	if w.file != nil {
		return nil
	}
	folder := filepath.Dir(w.disk.name(w.key))
	w.file, err = createDraft(folder)
	if errors.Is(err, fs.ErrNotExist) { // the folder does not exist yet
		if err = os.MkdirAll(folder, 0o700); err == nil {
			w.file, err = createDraft(folder)
		}
	}
	if err == nil && len(w.head) > 0 {
		_, err = w.file.Write(w.head)
	}
	w.head = nil
	return err
}

// createDraft creates a draft in a folder. os.CreateTemp would make four calls of fcntl(2) more.
func createDraft(folder string) (*os.File, error) {
	name := filepath.Join(folder, draft+rand.Text())
	return os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL|noWait, 0o600)
}

// Commit appends the note and renames the draft to the key's name.
func (w *diskWriter) Commit(_ context.Context, e *Entry) error {
	defer w.Abort()
	if w.err != nil {
		return w.err
	}
	note, err := appendCheckedNote(nil, w.key, e)
	if err != nil {
		return err
	}
	if err := w.write(note); err != nil {
		return err
	}
	if err := w.complete(); err != nil {
		return err
	}
	return w.disk.publish(w.file.Name(), w.size+int64(len(note)), w.key, &w.done)
}

// complete writes what is in memory, and closes the draft.
func (w *diskWriter) complete() error {
	if err := w.moveToFile(); err != nil {
		return err
	}
	return w.file.Close()
}

// publish renames a complete draft of size bytes to the name of key; then it sets done.
func (d *Disk) publish(draft string, size int64, key Key, done *bool) error {
	d.willStore(key)
	err := rename(draft, d.name(key))
	if err != nil && d.isObstructed(key) { // an empty folder can be removed
		if err = os.Remove(d.name(key)); err == nil {
			err = os.Rename(draft, d.name(key))
		} else {
			err = errors.Join(errObstructed, err)
		}
	}
	if err == nil {
		*done = true
		d.countWritten(diskSize(size))
	}
	return err
}

// errObstructed is why one entry can't be stored. It does not concern other entries.
var errObstructed = errors.New("something else is in the entry's place")

// isObstructed reports whether there is something other than a regular file under the name of key.
func (d *Disk) isObstructed(key Key) bool {
	info, err := os.Lstat(d.name(key))
	return err == nil && !info.Mode().IsRegular()
}

// Abort removes the draft, unless it was committed.
func (w *diskWriter) Abort() {
	if !w.done && w.file != nil {
		_ = w.file.Close() // its content is not used; a second Close does nothing
		_ = os.Remove(w.file.Name())
	}
	w.done = true
}

// Delete removes the file of key.
func (d *Disk) Delete(_ context.Context, key Key) error {
	err := os.Remove(d.name(key))
	if errors.Is(err, fs.ErrNotExist) || err != nil && d.isObstructed(key) {
		return nil
	}
	return err
}

// Close enforces the limit on the size of all files. It returns an error only where something was written.
func (d *Disk) Close() error {
	idle := d.unnoted.Load() == 0
	if err := d.noteUsage(closeSweepTime); !idle {
		return err
	}
	return nil
}
