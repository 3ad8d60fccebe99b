//go:build !linux

package savedir

import (
	"io/fs"
	"time"
)

// changedAt returns when a file was last written.
func changedAt(info fs.FileInfo) time.Time { return info.ModTime() }
