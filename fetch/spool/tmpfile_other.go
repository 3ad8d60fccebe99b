//go:build !linux

package spool

import "os"

// openUnnamed returns nil: this system has no files without a name.
func openUnnamed(string) *os.File { return nil }
