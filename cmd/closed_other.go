//go:build !linux

package cmd

// isStdoutClosed returns false: it is not known here.
func isStdoutClosed() bool { return false }
