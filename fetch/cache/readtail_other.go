//go:build !unix

package cache

import (
	"io"
	"os"
	"time"
)

// noFollow is no flag on this system.
const noFollow = 0

// noWait is no flag on this system.
const noWait = 0

func rename(from, to string) error { return os.Rename(from, to) }

// readTail opens a regular file and reads its last bytes into room: held. held is nil if the file is not a regular
// one, or was truncated meanwhile. file is nil where held is all of it; otherwise the caller closes it. used is the
// modification time.
func readTail(name string, room []byte) (held []byte, file *os.File, size int64, used time.Time, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, 0, used, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		size, used = info.Size(), info.ModTime()
		held = room[:min(size, int64(len(room)))]
		if _, err = f.ReadAt(held, size-int64(len(held))); err == io.EOF { // it was truncated meanwhile
			held, err = nil, nil
		}
	}
	if err == nil && held != nil && int64(len(held)) < size {
		return held, f, size, used, nil
	}
	_ = f.Close() // only read
	if err != nil {
		held = nil
	}
	return held, nil, size, used, err
}
