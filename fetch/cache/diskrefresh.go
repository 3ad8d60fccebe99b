package cache

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
)

// Refresh appends a note to a large file and rewrites a small one.
func (d *Disk) Refresh(ctx context.Context, key Key, e *Entry) error {
	f, err := os.OpenFile(d.files.name(key), os.O_RDWR|os.O_APPEND|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) || err != nil && d.files.isObstructed(key) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // a note that was not written is found by the next reader
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if checkOurs(f.Name(), info) != nil { // Get has said so
		return nil
	}
	held := make([]byte, min(info.Size(), tailBytes))
	if _, err := f.ReadAt(held, info.Size()-int64(len(held))); err != nil {
		return ignoreEnd(err)
	}
	there, body, err := readImage(f, info.Size(), held, key)
	if err != nil || !there.hasBodyOf(e) {
		return nil
	}
	if e.Size < appendFrom || info.Size()-e.Size > mostSlack {
		return d.rewrite(ctx, key, e, body)
	}
	note, err := appendCheckedNote(nil, key, e)
	if err != nil {
		return errors.Join(err, d.Delete(ctx, key))
	}
	if _, err = f.Write(note); err != nil { // a part of it may be written: the file can't be read any more
		return errors.Join(err, d.Delete(ctx, key))
	}
	d.usage.add(int64(len(note)))
	return nil
}

// refreshed returns the image under key with e in place of its Entry, for one that is read in one call: ok is false for
// any other, and where it became too large for that. The image is nil where there is another body, or none.
func (d *Disk) refreshed(key Key, e *Entry) (image []byte, ok bool, err error) {
	if e.Size > inMemory {
		return nil, false, nil
	}
	buffer := tailPool.Get().(*[tailBytes]byte)
	defer tailPool.Put(buffer)
	held, file, _, _, err := readTail(d.files.name(key), buffer[:])
	switch {
	case file != nil:
		_ = file.Close() // only read
		return nil, false, nil
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotOurs) || err != nil && d.files.isObstructed(key):
		return nil, true, nil // Get has said so
	case err != nil:
		return nil, true, err
	}
	there, body, err := findImage(held, key)
	if err != nil || !there.hasBodyOf(e) {
		return nil, true, nil //nolint:nilerr // what can't be read is missing
	}
	image, err = appendCheckedNote(append(make([]byte, 0, len(held)+mostGrowth), body...), key, e)
	if err != nil || len(image) > tailBytes {
		return nil, false, nil //nolint:nilerr // Refresh returns it
	}
	return image, true, nil
}

// mostGrowth is by how many bytes a new note is longer than that before, as a rule.
const mostGrowth = 128

// hasBodyOf reports whether e has the same body as another.
func (e *Entry) hasBodyOf(other *Entry) bool {
	return e.SHA256 == other.SHA256 && e.Size == other.Size && e.kind == other.kind
}

// ignoreEnd returns nil for io.EOF, otherwise err.
func ignoreEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// rewrite replaces the file of key by one with that Entry and body.
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
