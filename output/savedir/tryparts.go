package savedir

import (
	"errors"
	"os"
	"syscall"

	"batchfetch/output/file"
)

// keepsParts reports whether a part can be kept here: a file can be written on after it was closed. That is found out
// once, for the first part. In a mount of rclone 1.60 without --vfs-cache-mode files are written from beginning to end.
// There the number of the inode goes to and fro after a rename, too, so that a part seemed to be another file.
func (t *tree) keepsParts() bool {
	t.tryPart.Do(func() { t.losesParts = t.losesPart() })
	return !t.losesParts
}

// losesPart tries it. Where the file can't be made it is left to who writes a body to say why.
func (t *tree) losesPart() bool {
	name := randomTempName(".", tempEnding)
	f, err := t.root.OpenFile(name, createFlags|file.NoWait, 0o666)
	if err != nil {
		return false
	}
	defer func() { _ = t.root.Remove(name) }() // one that stays has two bytes
	_, err = f.Write([]byte{0})
	if closed := f.Close(); err != nil || closed != nil {
		return false
	}
	if f, err = t.root.OpenFile(name, os.O_RDWR|file.NoWait, 0); err != nil {
		return !isShortage(err)
	}
	_, err = f.WriteAt([]byte{1}, 1)
	err = errors.Join(err, f.Close())
	return err != nil && !isShortage(err)
}

// isShortage reports whether an error is for want of something now, and says nothing of the file system.
func isShortage(err error) bool {
	for _, code := range []syscall.Errno{syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}
