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

// appendBoth makes two streams that are one regular file, opened twice as by > log 2> log, write at its end (O_APPEND):
// each has an offset of its own, and would write over what the other has written. Streams with one offset, as by > log
// 2>&1, stay as they are: they show the flag that the other gets.
func appendBoth(a, b *os.File) {
	infoA, err1 := a.Stat()
	infoB, err2 := b.Stat()
	if err1 != nil || err2 != nil || !infoA.Mode().IsRegular() || !os.SameFile(infoA, infoB) {
		return
	}
	flagsA, flagsB := statusFlags(a), statusFlags(b)
	if flagsA < 0 || flagsB < 0 || flagsA&flagsB&unix.O_APPEND != 0 {
		return
	}
	setStatusFlags(a, flagsA^unix.O_APPEND)
	if shared := statusFlags(b) != flagsB; shared {
		setStatusFlags(a, flagsA)
		return
	}
	setStatusFlags(a, flagsA|unix.O_APPEND)
	setStatusFlags(b, flagsB|unix.O_APPEND)
}

// statusFlags returns the status flags of an open file (fcntl(2), F_GETFL); -1 is unknown.
func statusFlags(f *os.File) int {
	flags := -1
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { flags, _ = unix.FcntlInt(fd, unix.F_GETFL, 0) })
	}
	return flags
}

// setStatusFlags sets the status flags of an open file where it can.
func setStatusFlags(f *os.File, flags int) {
	if raw, err := f.SyscallConn(); err == nil {
		_ = raw.Control(func(fd uintptr) { _, _ = unix.FcntlInt(fd, unix.F_SETFL, flags) })
	}
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
