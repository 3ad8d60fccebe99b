package file

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// CheckLinks returns ErrNotOurs where name leads through a symbolic link that another user has put into a directory
// which all may write to, such as /tmp. Linux follows none there either, where fs.protected_symlinks is set
// (proc_sys_fs(5)). The error of a name that is not there is nil.
func CheckLinks(name string) error {
	rest, err := filepath.Abs(name)
	if err != nil {
		return nil
	}
	at := filepath.VolumeName(rest) + string(filepath.Separator)
	rest = strings.TrimPrefix(rest, at)
	for links := 0; rest != "" && links < maxLinks; {
		var first string
		first, rest, _ = strings.Cut(rest, string(filepath.Separator))
		next := filepath.Join(at, first)
		info, err := os.Lstat(next)
		if err != nil {
			return nil // what opens it says so
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if dir, err := os.Stat(at); err != nil || isPlanted(info, dir) {
			return fmt.Errorf("%s: %w", next, ErrNotOurs)
		}
		target, err := os.Readlink(next)
		if err != nil {
			return nil
		}
		links++
		if !filepath.IsAbs(target) {
			target = filepath.Join(at, target) // at has no links in it, so that .. is the parent
		}
		at = filepath.VolumeName(target) + string(filepath.Separator)
		rest = filepath.Join(strings.TrimPrefix(target, at), rest)
	}
	return nil
}
