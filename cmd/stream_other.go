//go:build !unix

package cmd

import (
	"os"
	"syscall"
)

const (
	forReading = 0
	forWriting = 0
)

// lockStream locks nothing: no file is locked here.
func lockStream(*os.File) (unlock func()) { return func() {} }

// appendBoth does nothing: no status flags are known here.
func appendBoth(_, _ *os.File) {}

// await waits for nothing: no file becomes non-blocking here.
func await(*os.File, int16) error { return syscall.EAGAIN }
