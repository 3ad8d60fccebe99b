//go:build unix

package fdlimit

import (
	"math"

	"golang.org/x/sys/unix"
)

// descriptorLimit returns the soft limit of open files (RLIMIT_NOFILE), which the Go runtime has raised to the hard
// limit, or math.MaxUint64 where it can't be read.
func descriptorLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur)
}

// maxCounted bounds how many descriptors are checked, at 0.3 us each. Files that are open when a process starts have
// low numbers.
const maxCounted = 4096

// openDescriptors returns how many descriptors below limit, and below maxCounted, are open.
func openDescriptors(limit uint64) uint64 {
	open := uint64(0)
	for fd := range uintptr(min(limit, maxCounted)) {
		if _, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err == nil {
			open++
		}
	}
	return open
}
