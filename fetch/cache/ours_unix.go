//go:build unix

package cache

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// isOurs reports whether only this user can have written a file with that owner and mode, and changed what is in a
// folder with them.
func isOurs(uid, mode uint32) bool { return int(uid) == os.Geteuid() && mode&0o022 == 0 }

// checkOurs returns errNotOurs where a file or folder of that name is not isOurs.
func checkOurs(name string, info fs.FileInfo) error {
	stat, known := info.Sys().(*syscall.Stat_t)
	switch {
	case known && isOurs(stat.Uid, uint32(info.Mode().Perm())):
		return nil
	case known && int(stat.Uid) == os.Geteuid():
		return fmt.Errorf("%w: others may write to %s (chmod go-w, or umask=022 where a file system without modes, "+
			"such as exFAT, is mounted)", errNotOurs, name)
	}
	return fmt.Errorf("%w: %s has another owner", errNotOurs, name)
}

// linksOf returns how many names a file has.
func linksOf(info fs.FileInfo) int64 {
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		return max(int64(stat.Nlink), 1) //nolint:unconvert // it has another type on other systems
	}
	return 1
}

// canShare says that a file can have several names, which are counted.
const canShare = true
