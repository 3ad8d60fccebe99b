package cmd_test

import (
	"os"
	"sync"
	"syscall"

	"github.com/rogpeppe/go-internal/testscript"
)

// canMount reports whether a tmpfs can be mounted, which takes root, and a container that allows it.
var canMount = sync.OnceValue(func() bool {
	dir, err := os.MkdirTemp("", "batchfetch-mount-*")
	if err != nil {
		return false
	}
	defer func() { _ = os.Remove(dir) }() // fails only while it is mounted
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k") == nil && syscall.Unmount(dir, 0) == nil
})

// mountTmpfs is the command tmpfs.
func mountTmpfs(ts *testscript.TestScript, neg bool, args []string) {
	requireUsage(ts, !neg && len(args) == 2, "tmpfs DIR SIZE")
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o777))
	ts.Check(syscall.Mount("tmpfs", dir, "tmpfs", 0, "size="+args[1]))
	ts.Defer(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) // a failure leaves a mount in a temporary directory
}
