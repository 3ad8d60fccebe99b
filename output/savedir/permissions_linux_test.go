package savedir

import (
	"os"
	"runtime"
	"syscall"
	"testing"
)

// withPermissions runs f so that the permissions of files hold, as they do not for root.
func withPermissions(t *testing.T, f func()) {
	if os.Geteuid() == 0 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		must(t, syscall.Setfsuid(65534)) // of this thread alone; the capabilities for files go with it (setfsuid(2))
		defer func() { must(t, syscall.Setfsuid(0)) }()
	}
	f()
}
