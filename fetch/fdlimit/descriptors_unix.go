//go:build unix

package fdlimit

import (
	"math"
	"os"
	"strconv"

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

// openDescriptors returns how many descriptors below limit are open: as the system counts or lists them, or else by
// checking one by one. A count has those at and above limit too, which only a limit that was lowered leaves open.
func openDescriptors(limit uint64) uint64 {
	if open, counted := countedDescriptors(); counted {
		return min(open, limit)
	}
	if open, listed := listedDescriptors(limit); listed {
		return open
	}
	return checkedDescriptors(limit)
}

// checkedDescriptors returns how many descriptors below limit are open, by checking each below maxCounted.
func checkedDescriptors(limit uint64) (open uint64) {
	for fd := range uintptr(min(limit, maxCounted)) {
		if _, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err == nil {
			open++
		}
	}
	return open
}

// maxCounted bounds how many descriptors are checked one by one, at 0.3 us each. Files that are open when a process
// starts have low numbers.
const maxCounted = 4096

// listedDescriptors returns how many descriptors below limit /dev/fd lists, that of the list itself left out; false
// where it can't be read. On Linux it is /proc/self/fd.
func listedDescriptors(limit uint64) (open uint64, listed bool) {
	list, err := os.Open("/dev/fd")
	if err != nil {
		return 0, false
	}
	defer func() { _ = list.Close() }() // only read
	names, err := list.Readdirnames(-1)
	if err != nil {
		return 0, false
	}
	own := strconv.Itoa(int(list.Fd())) //nolint:gosec // a descriptor is small
	for _, name := range names {
		if fd, err := strconv.ParseUint(name, 10, 32); err == nil && fd < limit && name != own {
			open++
		}
	}
	return open, open > 0
}
