//go:build unix

package cmd

import (
	"os/signal"
	"syscall"
)

// ignoreSignals ignores SIGPIPE and SIGXFSZ, so that a write to a closed pipe, or past the limit on file sizes, is an
// error in place of the end of the process.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }
