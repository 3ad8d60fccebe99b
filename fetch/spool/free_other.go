//go:build !linux && !darwin && !freebsd

package spool

// Free returns false: how many bytes are free in a directory is not known on this system.
func Free(string) (int64, bool) { return 0, false }
