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
