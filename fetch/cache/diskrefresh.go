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
	f, err := os.OpenFile(d.name(key), os.O_RDWR|os.O_APPEND|noFollow, 0)
	if errors.Is(err, fs.ErrNotExist) || err != nil && d.isObstructed(key) {
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
	if err != nil || there.SHA256 != e.SHA256 || there.Size != e.Size || there.kind != e.kind {
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
	d.countWritten(int64(len(note)))
	return nil
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
