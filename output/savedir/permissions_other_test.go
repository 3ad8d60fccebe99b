//go:build !linux

package savedir

import (
	"os"
	"testing"
)

// withPermissions runs f so that the permissions of files hold, as they do not for root.
func withPermissions(t *testing.T, f func()) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	f()
}
