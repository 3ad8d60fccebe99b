package file

import (
	"golang.org/x/sys/unix"
)

// SyncAll brings to disk what any process has written.
func SyncAll() { unix.Sync() }
