//go:build unix

package file

import (
	"io/fs"
	"os"
	"syscall"
)

// CanLock says that lock keeps others away.
const CanLock = true

// Lock takes the file for this process until it is closed, or fails at once. Of two that have opened one file, here too,
// one gets it.
// The error is ErrBusy where another has it.
func Lock(f *os.File) error {
	for {
		switch err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
		case syscall.EINTR:
		case syscall.EWOULDBLOCK:
			return ErrBusy
		case nil:
			return nil
		default:
			return &fs.PathError{Op: "lock", Path: f.Name(), Err: err}
		}
	}
}

// HasName reports whether an open file has a name still, any name.
func HasName(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return known && stat.Nlink > 0
}

// IsOwned knows regular files of one name that belong to who runs this: nobody else can have put them there for us to read on.
func IsOwned(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return info.Mode().IsRegular() && known && stat.Nlink == 1 && int(stat.Uid) == os.Geteuid()
}
