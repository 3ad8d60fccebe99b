//go:build !unix

package output

import (
	"io/fs"
	"os"
)

// canLock says that lock keeps nobody away.
const canLock = false

// lock does nothing where there is no flock.
func lock(*os.File) error { return nil }

// isNamed takes an open file for one that has a name: others can't take that away.
func isNamed(fs.FileInfo) bool { return true }

// isOurs knows regular files.
func isOurs(info fs.FileInfo) bool { return info.Mode().IsRegular() }
