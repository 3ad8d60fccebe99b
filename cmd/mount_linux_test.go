package cmd_test

import (
	"os"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// canMount tries to mount a disk: it takes root, and a container that lets it.
var canMount = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "batchfetch-mount-*")
	if err != nil {
		return false
	}
	defer func() { _ = os.Remove(dir) }() // empty, or busy and told by whoever finds it
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k") == nil && syscall.Unmount(dir, 0) == nil
})

func tmpfs(ts *testscript.TestScript, neg bool, args []string) {
	needs(ts, !neg && len(args) == 2, "tmpfs DIR SIZE")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // the machine's end would do it too
}
