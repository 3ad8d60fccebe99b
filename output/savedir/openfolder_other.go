//go:build !linux

package savedir

import (
	"io/fs"
	"os"
)

// isStill reports whether a path leads to a file.
func isStill(path string, file fs.FileInfo) bool {
	found, err := os.Stat(path)
	return err == nil && os.SameFile(found, file)
}

// openFolderOf opens a folder.
func openFolderOf(root *os.Root, name string) (*os.File, error) { return root.Open(name) }
