//go:build unix

package cmd

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

const (
	forReading = unix.POLLIN
	forWriting = unix.POLLOUT
)

// lockStream locks the file or pipe of a stream for this process (fcntl(2), F_SETLKW), and waits for others that have
// it locked. A lock of the open file description (flock(2)) would not keep out those that have inherited it too. Where
// there can be no lock, as on a terminal, it returns at once.
func lockStream(f *os.File) (unlock func()) {
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() && info.Mode()&os.ModeNamedPipe == 0 || !setLock(f, unix.F_WRLCK) {
		return func() {}
	}
	return func() { setLock(f, unix.F_UNLCK) }
}

// setLock sets or removes a lock of the whole file, and reports whether it could.
func setLock(f *os.File, kind int16) bool {
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for {
			failed = unix.FcntlFlock(fd, unix.F_SETLKW, &unix.Flock_t{Type: kind})
			if !errors.Is(failed, unix.EINTR) {
				return
			}
		}
	})
	return err == nil && failed == nil
}

// await waits until a file can be read from or written to, or has been closed by the other side.
func await(f *os.File, events int16) error {
	raw, err := f.SyscallConn() // Fd would make it blocking again, for the others too
	if err != nil {
		return err
	}
	var failed error
	err = raw.Control(func(fd uintptr) {
		for {
			polled := []unix.PollFd{{Fd: int32(fd), Events: events}}
			if _, failed = unix.Poll(polled, -1); !errors.Is(failed, unix.EINTR) {
				return
			}
		}
	})
	return errors.Join(err, failed)
}
