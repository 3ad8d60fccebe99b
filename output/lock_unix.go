//go:build unix

package output

import (
	"io/fs"
	"os"
	"syscall"
)

// canLock says that lock keeps others away.
const canLock = true

// lock takes the file for this process until it is closed, or fails at once. Of two that have opened one file, here too,
// one gets it.
func lock(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// isOurs knows regular files of one name that belong to who runs this: nobody else can have put them there for us to read on.
func isOurs(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return info.Mode().IsRegular() && known && stat.Nlink == 1 && int(stat.Uid) == os.Geteuid()
}
