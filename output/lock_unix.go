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
// The error is ErrBusy where another has it.
func lock(f *os.File) error {
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

// isNamed reports whether an open file has a name still, any name.
func isNamed(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return known && stat.Nlink > 0
}

// isOurs knows regular files of one name that belong to who runs this: nobody else can have put them there for us to read on.
func isOurs(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return info.Mode().IsRegular() && known && stat.Nlink == 1 && int(stat.Uid) == os.Geteuid()
}
