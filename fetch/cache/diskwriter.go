package cache

import (
	"context"
	"os"
)

// inMemory is the size in bytes up to which a body is held in memory while it is written, and read in one call.
const inMemory = 16 << 10

// A diskWriter is a Writer of a Disk. It holds a body in memory while it is small, and then in a draft.
type diskWriter struct {
	files *entryFiles
	usage *usage
	key   Key
	head  []byte   // the body while file is nil
	file  *os.File // nil while the body is in head
	size  int64    // of the body so far, in bytes
	err   error    // of an earlier Write, which all later calls return
	done  bool     // it was committed or aborted
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
	w.file, err = w.files.create(w.key)
	if err == nil && len(w.head) > 0 {
		_, err = w.file.Write(w.head)
	}
	w.head = nil
	return err
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
	return w.publish(w.size + int64(len(note)))
}

// complete writes what is in memory, and closes the draft.
func (w *diskWriter) complete() error {
	if err := w.moveToFile(); err != nil {
		return err
	}
	return w.file.Close()
}

// publish renames the complete draft of size bytes to the name of its key.
func (w *diskWriter) publish(size int64) error {
	err := w.files.rename(w.file.Name(), w.key)
	if err == nil {
		w.done = true
		w.usage.add(diskSize(size))
	}
	return err
}

// Abort removes the draft, unless it was committed.
func (w *diskWriter) Abort() {
	if !w.done && w.file != nil {
		_ = w.file.Close() // its content is not used; a second Close does nothing
		_ = os.Remove(w.file.Name())
	}
	w.done = true
}
