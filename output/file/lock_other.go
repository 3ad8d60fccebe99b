//go:build !unix

package file

import (
	"io/fs"
	"os"
)

// CanLock is false: Lock locks nothing here.
const CanLock = false

// noFollow is no flag on this system.
const noFollow = 0

// Append is no flag on this system: a file that is opened so can't be truncated.
const Append = 0

// NoWait is no flag on this system.
const NoWait = 0

// Lock does nothing: there is no flock(2) here.
func Lock(*os.File) error { return nil }

// LockShared does nothing.
func LockShared(*os.File) error { return nil }

// HasName returns true: an open file can't be removed here.
func HasName(fs.FileInfo) bool { return true }

// IsOwned reports whether it is a regular file; its owner is not known here.
func IsOwned(info fs.FileInfo) bool { return info.Mode().IsRegular() }

// isPlanted returns false: directories have no sticky bit here.
func isPlanted(fs.FileInfo, fs.FileInfo) bool { return false }
