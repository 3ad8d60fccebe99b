//go:build unix

package cache

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// noFollow keeps os.OpenFile from what a link leads to.
const noFollow = unix.O_NOFOLLOW

// readTail opens a regular file and reads the last bytes of it, as many as there is room for: held. What is no regular file is not opened, and
// held is nil. It makes the four system calls that are needed and no other: os.Open, Stat and ReadAt make eight, a fifth of all that a hit costs.
// file is nil where held is all of it.
func readTail(name string, room []byte) (held []byte, file *os.File, size int64, used time.Time, err error) {
	fd, err := retryInterrupted(func() (int, error) {
		return unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0) // nor does it wait for a pipe's other end
	})
	if errors.Is(err, unix.ELOOP) {
		return nil, nil, 0, used, nil
	}
	if err != nil {
		return nil, nil, 0, used, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	keep := false
	defer func() {
		if !keep {
			_ = unix.Close(fd) // only read
		}
	}()
	var stat unix.Stat_t
	if _, err := retryInterrupted(func() (int, error) { return 0, unix.Fstat(fd, &stat) }); err != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, nil, 0, used, err
	}
	held = room[:min(stat.Size, int64(len(room)))]
	for n := 0; n < len(held); {
		more, err := retryInterrupted(func() (int, error) { return unix.Pread(fd, held[n:], stat.Size-int64(len(held)-n)) })
		if err != nil || more == 0 { // it has just been cut
			return nil, nil, 0, used, err
		}
		n += more
	}
	if int64(len(held)) < stat.Size {
		keep = true
		file = os.NewFile(uintptr(fd), name)
	}
	return held, file, stat.Size, time.Unix(stat.Mtim.Unix()), nil
}

// retryInterrupted calls again what a signal has interrupted.
func retryInterrupted(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != unix.EINTR {
			return n, err
		}
	}
}
