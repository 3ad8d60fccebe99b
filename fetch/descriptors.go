package fetch

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// spareDescriptors are left for what is no exchange: inputs, outputs, the journal, the runtime.
const spareDescriptors = 32

// descriptorsEach is how many an exchange may need at once: its connection, its body's file or the sockets of a name lookup,
// and a connection kept for the next.
const descriptorsEach = 3

// affordable returns how many exchanges at once a process may have that can open so many files.
func affordable(descriptors uint64) int {
	if descriptors <= spareDescriptors+descriptorsEach {
		return 1
	}
	return int(min((descriptors-spareDescriptors)/descriptorsEach, mostConcurrency)) //nolint:gosec // at most mostConcurrency
}

// MostConcurrency returns how many exchanges this process can have under way at once, by the number of files that it may open.
func MostConcurrency() int { return affordable(descriptorLimit()) }

// roomPause is how long a dial waits for a descriptor before it asks again.
const roomPause = 20 * time.Millisecond

// whenThereIsRoom dials, and where the process or the system has too many files open closes what lies idle and dials again,
// until ctx ends.
func whenThereIsRoom(ctx context.Context, closeIdle func(), dial func() (net.Conn, error)) (net.Conn, error) {
	for {
		c, err := dial()
		if !errors.Is(err, syscall.EMFILE) && !errors.Is(err, syscall.ENFILE) {
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
