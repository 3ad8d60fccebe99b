//go:build !linux

package savedir

import (
	"errors"
	"io/fs"
	"os"
	"time"
)

// fileClock returns the time that a file written now gets.
func fileClock() time.Time { return time.Now() }

// linkWay is noLink: there are no files without a name.
type linkWay int

const noLink linkWay = 0

func findLinkWay(*os.Root) linkWay { return noLink }

// isStill reports whether a path leads to a file.
func isStill(path string, file fs.FileInfo) bool {
	found, err := os.Stat(path)
	return err == nil && os.SameFile(found, file)
}

// openFolderOf opens a folder.
func openFolderOf(root *os.Root, name string) (*os.File, error) { return root.Open(name) }

func (d *Dir) createUnnamed(string) bodyFile { return nil }

func (d *Dir) link(bodyFile, string) error { return errors.ErrUnsupported }

// renameNew gives a file another name that no other file has, as far as looking it up before can promise.
func (d *Dir) renameNew(from, to string) error { return d.renameLooking(from, to) }
