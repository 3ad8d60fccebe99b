//go:build unix

package fetch

import (
	"math"

	"golang.org/x/sys/unix"
)

// descriptorLimit returns how many files the process may have open. The runtime has raised it as far as it may.
func descriptorLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur)
}
