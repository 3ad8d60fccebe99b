//go:build linux || darwin || freebsd

package spool

import (
	"os"

	"golang.org/x/sys/unix"
)

// Free returns how many bytes are free for this user on the disk of os.TempDir; false where that is not known.
func Free() (int64, bool) {
	var disk unix.Statfs_t
	if err := unix.Statfs(os.TempDir(), &disk); err != nil {
		return 0, false
	}
	return int64(disk.Bavail) * int64(disk.Bsize), true //nolint:gosec,unconvert // the types differ by system
}
