package fetch

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// spareDescriptors are left for what is no exchange and is not open yet: inputs, outputs, the journal, the runtime.
const spareDescriptors = 24

// descriptorsEach is how many an exchange may need at once: its connection, its body's file or the sockets of a name lookup,
// and a connection kept for the next.
const descriptorsEach = 3

// affordable returns how many exchanges at once a process may have that can open so many files more.
func affordable(descriptors uint64) int {
	if descriptors <= spareDescriptors+descriptorsEach {
		return 1
	}
	return int(min((descriptors-spareDescriptors)/descriptorsEach, mostConcurrency)) //nolint:gosec // at most mostConcurrency
}

// MostConcurrency returns how many exchanges this process can have under way at once, by the number of files that it may open
// beside those that it has open now.
func MostConcurrency() int {
	limit := descriptorLimit()
	if affordable(limit) == mostConcurrency {
		return mostConcurrency
	}
	return affordable(limit - min(openDescriptors(limit), limit))
}

// roomPause is how long a dial waits for a descriptor before it asks again.
const roomPause = 20 * time.Millisecond

// isShort reports whether the process or the system has too many files open: nobody's fault but ours, and soon over.
func isShort(err error) bool { return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) }

// retryWhenFree dials, and where the process or the system has too many files open calls closeIdle and dials again, every roomPause
// until ctx ends.
func retryWhenFree(ctx context.Context, closeIdle func(), dial func() (net.Conn, error)) (net.Conn, error) {
	for {
		c, err := dial()
		if !isShort(err) {
			return c, err
		}
		closeIdle()
		pause := time.NewTimer(roomPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, err
		}
	}
}

// canOpen opens a file to see whether the process may open one more.
func canOpen() bool {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return !isShort(err)
	}
	_ = f.Close() // nothing was written
	return true
}
