package savedir

import (
	"io/fs"
	"syscall"
	"time"
)

// changedAt returns when a file was last written or has got a name, whichever was later: its ctime, see inode(7).
func changedAt(info fs.FileInfo) time.Time {
	if stat, known := info.Sys().(*syscall.Stat_t); known {
		return time.Unix(stat.Ctim.Unix())
	}
	return info.ModTime()
}
