//go:build !linux && !darwin && !freebsd

package spool

// Free returns false: how many bytes are free in os.TempDir is not known on this system.
func Free() (int64, bool) { return 0, false }
