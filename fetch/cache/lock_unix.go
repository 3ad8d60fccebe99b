//go:build unix

package cache

import (
	"os"

	"golang.org/x/sys/unix"
)

// canLock says that lockFile locks.
const canLock = true

// lockFile locks f until it is closed (flock(2)). It does not wait: false means that another process has the lock.
func lockFile(f *os.File) bool {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}
