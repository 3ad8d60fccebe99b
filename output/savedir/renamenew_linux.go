package savedir

import (
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// renameNew gives a file another name that no other file has.
func (t *tree) renameNew(from, to string) error {
	err := t.inFolder(path.Dir(from), func(source *os.File) error {
		return t.inFolder(path.Dir(to), func(dir *os.File) error {
			return unix.Renameat2(int(source.Fd()), path.Base(from), int(dir.Fd()), path.Base(to), unix.RENAME_NOREPLACE)
		})
	})
	if hasNoNoReplace(err) {
		return t.renameLinked(from, to)
	}
	return linkError(err, from, to)
}
