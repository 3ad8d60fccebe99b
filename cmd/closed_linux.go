package cmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// shells are the programs that close a stream of what they start, as by >&-, and never open the null device for reading
// and writing in its place.
var shells = []string{"sh", "ash", "bash", "busybox", "dash", "fish", "ksh", "mksh", "zsh"}

// isStdoutClosed reports whether a shell has started the process without a standard output. The runtime opens the null
// device where a standard stream is closed, for reading and writing, and so do programs that discard the output of what
// they start (subprocess.DEVNULL of Python): only who has started the process tells the two apart. It is false where
// that can't be seen, and where a shell gave its place to this process (exec).
func isStdoutClosed() bool {
	flags, err := unix.FcntlInt(1, unix.F_GETFL, 0)
	if err != nil || flags&unix.O_ACCMODE != unix.O_RDWR || !isNull(1) {
		return false
	}
	parent := os.Getppid()
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", parent))
	if err != nil || !slices.Contains(shells, strings.TrimSpace(string(name))) {
		return false
	}
	inherited, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", parent))
	return err == nil && inherited != os.DevNull || errors.Is(err, fs.ErrNotExist) // closed there, too
}

// isNull reports whether a descriptor is the null device.
func isNull(fd int) bool {
	var is, null unix.Stat_t
	return unix.Fstat(fd, &is) == nil && unix.Stat(os.DevNull, &null) == nil && is.Rdev == null.Rdev &&
		is.Mode == null.Mode
}
