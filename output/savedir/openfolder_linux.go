package savedir

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"batchfetch/output/file"
)

// isStill reports whether a path leads to a file. It is os.SameFile of what os.Stat returns, without its memory.
func isStill(path string, file fs.FileInfo) bool {
	var found unix.Stat_t
	was, known := file.Sys().(*syscall.Stat_t)
	for {
		if err := unix.Stat(path, &found); err != unix.EINTR {
			return err == nil && known && found.Dev == was.Dev && found.Ino == was.Ino
		}
	}
}

// openFolderOf opens a folder for linkat(2) and renameat2(2).
func openFolderOf(root *os.Root, name string) (*os.File, error) {
	return root.OpenFile(name, unix.O_DIRECTORY|os.O_RDONLY|file.NoWait, 0)
}
