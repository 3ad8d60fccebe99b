//go:build unix

package cmd

import (
	"os/signal"
	"syscall"
)

// ignoreSignals makes errors of what would end the process: a write to a closed pipe, or past the limit on file sizes.
func ignoreSignals() { signal.Ignore(syscall.SIGPIPE, syscall.SIGXFSZ) }
