//go:build unix

package file

import (
	"io/fs"
	"os"
	"syscall"
)

// CanLock is true: Lock keeps others away.
const CanLock = true

// noFollow makes os.OpenFile fail for a symbolic link, and not wait for the other end of a pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

// Append makes each write go to the end of a file, so that one that another program cuts off has no hole.
const Append = os.O_APPEND

// NoWait spares os.OpenFile four calls of fcntl(2), with which it tries whether a file is one to wait for: no regular
// file is.
const NoWait = syscall.O_NONBLOCK

// Lock takes an exclusive lock, flock(2), until the file is closed, without waiting. Two open descriptions of one file
// exclude each other within a process too. The error is ErrBusy where another has it.
func Lock(f *os.File) error { return lock(f, syscall.LOCK_EX) }

// LockShared is Lock with a lock that several may have, and that none has beside an exclusive one.
func LockShared(f *os.File) error { return lock(f, syscall.LOCK_SH) }

func lock(f *os.File, how int) error {
	for {
		switch err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB); err {
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

// HasName reports whether an open file still has a name, whichever.
func HasName(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return known && stat.Nlink > 0
}

// IsOwned reports whether it is a regular file with one name that belongs to the user of this process: nobody else can
// have put it there.
func IsOwned(info fs.FileInfo) bool {
	stat, known := info.Sys().(*syscall.Stat_t)
	return info.Mode().IsRegular() && known && stat.Nlink == 1 && int(stat.Uid) == os.Geteuid()
}

// isPlanted reports whether a link is in a directory with the sticky bit to which all may write, and belongs neither to
// this user nor to the directory's owner.
func isPlanted(link, dir fs.FileInfo) bool {
	of, known := link.Sys().(*syscall.Stat_t)
	in, knownDir := dir.Sys().(*syscall.Stat_t)
	shared := dir.Mode()&fs.ModeSticky != 0 && dir.Mode().Perm()&0o002 != 0
	return shared && known && knownDir && int(of.Uid) != os.Geteuid() && of.Uid != in.Uid
}
