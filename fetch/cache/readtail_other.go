//go:build !unix

package cache

import (
	"io"
	"os"
	"time"
)

// noFollow does nothing here.
const noFollow = 0

// readTail opens a regular file and reads the last bytes of it, as many as there is room for: held, nil for what is no regular file.
// file is nil where held is all of it.
func readTail(name string, room []byte) (held []byte, file *os.File, size int64, used time.Time, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, 0, used, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		size, used = info.Size(), info.ModTime()
		held = room[:min(size, int64(len(room)))]
		if _, err = f.ReadAt(held, size-int64(len(held))); err == io.EOF { // it has just been cut
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
