//go:build unix

package cache

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// noFollow makes os.OpenFile fail for a symbolic link.
const noFollow = unix.O_NOFOLLOW

// noWait spares os.OpenFile four calls of fcntl(2), with which it tries whether a file is one to wait for.
const noWait = unix.O_NONBLOCK

// rename is os.Rename without its lstat(2): rename(2) replaces no folder by a file.
func rename(from, to string) error {
	_, err := retryInterrupted(func() (int, error) { return 0, unix.Rename(from, to) })
	if err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

// readTail opens a regular file and reads its last bytes into room: held. held is nil if the file is not a regular one,
// or was truncated meanwhile. The error may be errNotOurs. file is nil where held is all of it; otherwise the caller
// closes it. used is the modification time. It makes the four system calls that are necessary: os.Open, Stat and ReadAt
// make eight, a fifth of the cost of a hit.
func readTail(name string, room []byte) (held []byte, file *os.File, size int64, used time.Time, err error) {
	fd, err := retryInterrupted(func() (int, error) {
		const flags = unix.O_RDONLY | unix.O_CLOEXEC | unix.O_NOFOLLOW | unix.O_NONBLOCK // which never waits for a pipe
		return unix.Open(name, flags, 0)
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
	_, err = retryInterrupted(func() (int, error) { return 0, unix.Fstat(fd, &stat) })
	if err != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG {
		return nil, nil, 0, used, err
	}
	if !isOurs(stat.Uid, uint32(stat.Mode)) {
		return nil, nil, 0, used, fmt.Errorf("%w: the entry %s", errNotOurs, name)
	}
	held = room[:min(stat.Size, int64(len(room)))]
	for n := 0; n < len(held); {
		more, err := retryInterrupted(func() (int, error) { return unix.Pread(fd, held[n:], stat.Size-int64(len(held)-n)) })
		if err != nil || more == 0 { // it was truncated meanwhile
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

// retryInterrupted repeats a system call while it fails with EINTR.
func retryInterrupted(call func() (int, error)) (n int, err error) {
	for {
		if n, err = call(); err != unix.EINTR {
			return n, err
		}
	}
}
