//go:build !linux

package savedir

import "time"

// fileClock returns the time that a file written now gets.
func fileClock() time.Time { return time.Now() }
