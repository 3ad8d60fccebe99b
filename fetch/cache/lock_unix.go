//go:build unix

package cache

import (
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks f until it is closed, unless another process has it.
func lockFile(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}
