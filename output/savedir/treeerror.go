package savedir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"batchfetch/fetch/failure"
	"batchfetch/output/file"
)

// checkStillThere returns an error where the directory's name is gone or another directory's: the paths in Records are
// wrong then.
func (t *tree) checkStillThere() error {
	err := file.CheckStillNamed(t.name, func() (fs.FileInfo, error) { return t.root.Stat(".") })
	if err != nil {
		return fmt.Errorf("the directory of the saved bodies has moved away: %w", err)
	}
	return nil
}

// describeError returns the error of making or renaming a file or folder in a folder: a *failure.Failure, which is that
// request's alone, where others have moved or replaced the file or its folder meanwhile and the directory still stands.
func (t *tree) describeError(folder string, err error) error {
	if t.isReplaced(folder, err) && t.checkStillThere() == nil {
		return &failure.Failure{Kind: failure.IO, Err: fmt.Errorf("the file or its folder has been moved or replaced "+
			"meanwhile: %w", t.withFullPath(err))}
	}
	return t.withFullPath(err)
}

// isReplaced reports whether an error says that a folder, or a file in it, is gone, or not what we have made. One that
// forbids what was possible before does, unless it is the whole directory's.
func (t *tree) isReplaced(folder string, err error) bool {
	var known *failure.Failure
	var rename *os.LinkError
	switch {
	case errors.As(err, &known):
		return false
	case errors.Is(err, errRenamed), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP),
		errors.Is(err, syscall.EXDEV):
		return true
	case folder == ".":
		return errors.Is(err, fs.ErrNotExist) && errors.As(err, &rename) // a file that was made there is gone
	case errors.Is(err, fs.ErrNotExist):
		return true
	case errors.Is(err, fs.ErrPermission):
		info, missing := t.root.Stat(folder)
		return missing == nil && info.IsDir()
	}
	return leavesRoot(t.root, folder)
}

// withFullPath puts the directory's name before that in a *fs.PathError or *os.LinkError.
func (t *tree) withFullPath(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return &fs.PathError{Op: path.Op, Path: filepath.Join(t.name, path.Path), Err: path.Err}
	case errors.As(err, &link):
		return &fs.PathError{Op: link.Op, Path: filepath.Join(t.name, link.New), Err: link.Err}
	}
	return err
}
