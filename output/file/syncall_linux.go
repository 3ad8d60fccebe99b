package file

import (
	"golang.org/x/sys/unix"
)

// SyncAll syncs all file systems, sync(2).
func SyncAll() { unix.Sync() }
