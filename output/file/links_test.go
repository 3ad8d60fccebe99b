//go:build unix

package file

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"batchfetch/output/file/filetest"
)

// TestLinksOfOthers: outputs follow no link that another user has put into a directory which all may write to.
func TestLinksOfOthers(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make another's link")
	}
	const other = 65534
	for _, tt := range []struct {
		name     string
		mode     os.FileMode
		linkUser int
		through  string // what is opened
		refused  bool
	}{
		{"another's", os.ModeSticky | 0o777, other, "link", true},
		{"another's folder", os.ModeSticky | 0o777, other, "folder/file", true},
		{"behind one of ours", os.ModeSticky | 0o777, other, "../ours", true},
		{"ours", os.ModeSticky | 0o777, 0, "link", false},
		{"in a directory of one user", 0o755, other, "link", false},
		{"in one without the sticky bit", 0o777, other, "link", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			top := t.TempDir()
			shared := filepath.Join(top, "shared")
			filetest.Write(t, filepath.Join(top, "file"), "ours", 0o644)
			if err := errors.Join(os.Mkdir(shared, 0o755), os.Symlink("../file", filepath.Join(shared, "link")),
				os.Symlink("..", filepath.Join(shared, "folder")), os.Symlink("shared/link", filepath.Join(top, "ours")),
				os.Chmod(shared, tt.mode), os.Lchown(filepath.Join(shared, "link"), tt.linkUser, 0),
				os.Lchown(filepath.Join(shared, "folder"), tt.linkUser, 0)); err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(shared, tt.through)
			live, err := OpenLive(name)
			if errors.Is(err, ErrNotOurs) != tt.refused {
				t.Errorf("OpenLive: %v", err)
			}
			if err == nil {
				_ = live.Close()
			}
			whole, err := Create(name, nil)
			if errors.Is(err, ErrNotOurs) != tt.refused {
				t.Errorf("Create: %v", err)
			}
			if err == nil {
				whole.Discard()
			}
		})
	}
}
