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

// await waits for nothing: no file becomes non-blocking here.
func await(*os.File, int16) error { return syscall.EAGAIN }
