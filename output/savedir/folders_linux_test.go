package savedir

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"batchfetch/fetch"
)

// TestFoldersOfFewDescriptors: with as few descriptors as one exchange needs bodies are saved in any number of folders,
// and nothing else is left there. With ulimit -n 24 a run saved 40 of 300 bodies, and left 50,000 files.
func TestFoldersOfFewDescriptors(t *testing.T) {
	dir := t.TempDir()
	var before unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &before))
	open, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	few := before
	few.Cur = uint64(len(open)) + 10
	must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &few))
	defer func() { must(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &before)) }()
	bodies := openDir(t, dir, "")
	const count = 3 * maxOpenFolders
	for i := range count {
		r := &fetch.Request{URL: "https://a.test/", Path: fmt.Sprintf("in/deep%d/body", i)}
		if _, err := saveBody(bodies, r, "text"); err != nil {
			t.Errorf("body %d: %v", i, err)
		}
	}
	if left, err := filepath.Glob(filepath.Join(dir, "in/*/*")); len(left) != count || err != nil {
		t.Errorf("there are %d files, %v", len(left), err)
	}
}
