//go:build linux || darwin || freebsd

package spool

import (
	"golang.org/x/sys/unix"
)

// Free returns how many bytes are free for this user on the disk of a directory; false where that is not known.
func Free(dir string) (int64, bool) {
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		return 0, false
	}
	return int64(disk.Bavail) * int64(disk.Bsize), true //nolint:gosec,unconvert // the types differ by system
}
