package cache

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"
)

// Disk is a Store of plain files, one an Entry: an image under the key's name in one of 256 folders. A file takes its name when
// it is whole, so a kill leaves nothing half. Nothing is flushed: what a power cut has torn does not match its hash and is fetched anew.
// Any number of processes may use one directory. The files are readable by their owner only.
type Disk struct {
	dir   string // the folders are below it
	limit int64
	now   func() time.Time

	unnoted atomic.Int64 // bytes written and not yet noted in the usage
	noting  sync.Mutex
}

const (
	// layout names the form of what is below the directory; another form has another name, and is left alone.
	layout = "v1"
	// draft begins the name of a file on its way. It lies in the folder where it will stay: that spares every writer a wait for
	// all others, and half of the time that 100,000 small answers take.
	draft = ".draft-"

	// inMemory is the size up to which a body is held in memory, not in a file of its own, on its way in, and read at once on its way out.
	inMemory = 16 << 10
	// appendFrom is the size of a body from which a new note is appended: below it the file is written anew.
	appendFrom = 64 << 10
	// mostSlack is how much of earlier notes may lie in a file before it is written anew.
	mostSlack = 64 << 10
	// touchAfter is how coarsely it is known when an entry was last used.
	touchAfter = time.Hour
)

// OpenDisk makes the directory, if need be. limit is how many bytes its files may take together; above 0.
// The limit is passed for a while: it is enforced when a part of it has been written, and at Close.
func OpenDisk(dir string, limit int64) (*Disk, error) {
	d := &Disk{dir: filepath.Join(dir, layout), limit: limit, now: time.Now}
	return d, os.MkdirAll(d.dir, 0o700)
}

// name is the file of a key.
func (d *Disk) name(key Key) string {
	text := hex.EncodeToString(key[:])
	return d.dir + string(filepath.Separator) + text[:2] + string(filepath.Separator) + text[2:]
}

// tailPool are what is read of a file at once.
var tailPool = sync.Pool{New: func() any { return new([inMemory + 4<<10]byte) }}

// Get returns what is kept under key.
func (d *Disk) Get(_ context.Context, key Key) (*Found, error) {
	name := d.name(key)
	buffer := tailPool.Get().(*[inMemory + 4<<10]byte)
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
		_ = os.Chtimes(name, now, now) // it may be gone by now; then it does not matter
	}
	return found, nil
}

// read makes a Found of the last bytes of a file, all of it where file is nil. It takes both over, and closes them where it returns none.
func (d *Disk) read(held []byte, file *os.File, size int64, key Key, release func()) *Found {
	if file == nil {
		e, err := readNote(bytes.NewReader(held), size, held, key)
		if err != nil {
			release()
			return nil
		}
		return NewFound(e, bytes.NewReader(held[:e.Size]), release)
	}
	e, err := readNote(file, size, held, key)
	release()
	if err != nil {
		_ = file.Close() // only read, here and below
		return nil
	}
	return NewFound(e, io.NewSectionReader(file, 0, e.Size), func() { _ = file.Close() })
}

// Put begins a file without the key's name.
func (d *Disk) Put(_ context.Context, key Key) (Writer, error) {
	return &diskWriter{disk: d, key: key}, nil
}

// A diskWriter holds a body in memory while it is small.
type diskWriter struct {
	disk *Disk
	key  Key
	head []byte
	file *os.File // nil while all is in head
	size int64
	err  error
	done bool
}

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

// moveToFile moves what is in memory into a file.
func (w *diskWriter) moveToFile() (err error) {
	if w.file != nil {
		return nil
	}
	folder := filepath.Dir(w.disk.name(w.key))
	w.file, err = os.CreateTemp(folder, draft+"*")
	if errors.Is(err, fs.ErrNotExist) { // the first of its folder
		if err = os.MkdirAll(folder, 0o700); err == nil {
			w.file, err = os.CreateTemp(folder, draft+"*")
		}
	}
	if err == nil && len(w.head) > 0 {
		_, err = w.file.Write(w.head)
	}
	w.head = nil
	return err
}

// Commit appends the note and gives the file its name.
func (w *diskWriter) Commit(_ context.Context, e *Entry) error {
	defer w.Abort()
	if w.err != nil {
		return w.err
	}
	note, err := noteOf(w.key, e)
	if err != nil {
		return err
	}
	if err := w.write(note); err != nil {
		return err
	}
	if err := w.moveToFile(); err != nil {
		return err
	}
	return w.disk.publish(w.file, w.key, &w.done)
}

// publish closes a whole file and gives it its name.
func (d *Disk) publish(f *os.File, key Key, done *bool) error {
	size, err := f.Seek(0, io.SeekCurrent)
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	err = os.Rename(f.Name(), d.name(key))
	if err != nil && d.isObstructed(key) { // a folder goes where it is empty
		if err = os.Remove(d.name(key)); err == nil {
			err = os.Rename(f.Name(), d.name(key))
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

// errObstructed is why one entry can't be kept, which says nothing of the others.
var errObstructed = errors.New("something else is in the entry's place")

// isObstructed reports whether what is in the place of key is no regular file, and so no entry.
func (d *Disk) isObstructed(key Key) bool {
	info, err := os.Lstat(d.name(key))
	return err == nil && !info.Mode().IsRegular()
}

// Abort removes what has been written.
func (w *diskWriter) Abort() {
	if !w.done && w.file != nil {
		_ = w.file.Close() // its content is of no use; a second time does nothing
		_ = os.Remove(w.file.Name())
	}
	w.done = true
}

// Refresh appends a note to a large file and writes a small one anew.
func (d *Disk) Refresh(ctx context.Context, key Key, e *Entry) error {
	f, err := os.OpenFile(d.name(key), os.O_RDWR|os.O_APPEND|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) || err != nil && d.isObstructed(key) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // an error of what was written is found out by the next reader
	info, err := f.Stat()
	if err != nil {
		return err
	}
	held := make([]byte, min(info.Size(), 4<<10))
	if _, err := f.ReadAt(held, info.Size()-int64(len(held))); err != nil {
		return ignoreEnd(err)
	}
	there, err := readNote(f, info.Size(), held, key)
	if err != nil || there.SHA256 != e.SHA256 || there.Size != e.Size || there.kind != e.kind {
		return nil
	}
	if e.Size < appendFrom || info.Size()-e.Size > mostSlack {
		return d.rewrite(ctx, key, e, io.NewSectionReader(f, 0, e.Size))
	}
	note, err := noteOf(key, e)
	if err != nil {
		return errors.Join(err, d.Delete(ctx, key))
	}
	if _, err = f.Write(note); err != nil { // a part of it may be there: nobody can read the file any more
		return errors.Join(err, d.Delete(ctx, key))
	}
	d.countWritten(int64(len(note)))
	return nil
}

func ignoreEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

func (d *Disk) rewrite(ctx context.Context, key Key, e *Entry, body io.Reader) error {
	w, err := d.Put(ctx, key)
	if err != nil {
		return err
	}
	defer w.Abort()
	if _, err := io.Copy(w, body); err != nil {
		return err
	}
	return w.Commit(ctx, e)
}

// Delete removes the file of key.
func (d *Disk) Delete(_ context.Context, key Key) error {
	err := os.Remove(d.name(key))
	if errors.Is(err, fs.ErrNotExist) || err != nil && d.isObstructed(key) {
		return nil
	}
	return err
}

// Close enforces the limit on what the files take. Where nothing was written it is no matter that it can't.
func (d *Disk) Close() error {
	idle := d.unnoted.Load() == 0
	if err := d.noteUsage(closeSweepTime); !idle {
		return err
	}
	return nil
}
