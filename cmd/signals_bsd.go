//go:build unix && !linux

package cmd

import "syscall"

// setDefaultAction does nothing: signal.Reset does.
func setDefaultAction(syscall.Signal) {}
