package savedir

import (
	"time"

	"golang.org/x/sys/unix"
)

// fileClock returns the time that a file written now gets: it lags behind time.Now by up to a tick of the kernel.
func fileClock() time.Time {
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_REALTIME_COARSE, &now); err != nil {
		return time.Now()
	}
	return time.Unix(now.Unix())
}
