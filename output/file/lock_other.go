//go:build !unix

package file

import (
	"io/fs"
	"os"
)

// CanLock says that lock keeps nobody away.
const CanLock = false

// Lock does nothing where there is no flock.
func Lock(*os.File) error { return nil }

// HasName takes an open file for one that has a name: others can't take that away.
func HasName(fs.FileInfo) bool { return true }

// IsOwned knows regular files.
func IsOwned(info fs.FileInfo) bool { return info.Mode().IsRegular() }
