package fdlimit

import (
	"context"
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

// spareFiles are left for what is no exchange and is not open yet: inputs, outputs, the journal, the runtime.
const spareFiles = 24

// filesPerExchange is how many an exchange may need at once: its connection, its body's file or the sockets of a name lookup,
// and a connection kept for the next.
const filesPerExchange = 3

// exchangesWithin returns how many exchanges at once a process may have that can open so many files more.
func exchangesWithin(descriptors uint64) int {
	if descriptors <= spareFiles+filesPerExchange {
		return 1
	}
	return int(min((descriptors-spareFiles)/filesPerExchange, MaxExchanges)) //nolint:gosec // at most mostConcurrency
}

// Exchanges returns how many exchanges this process can have under way at once, by the number of files that it may open
// beside those that it has open now.
func Exchanges() int {
	limit := descriptorLimit()
	if exchangesWithin(limit) == MaxExchanges {
		return MaxExchanges
	}
	return exchangesWithin(limit - min(openDescriptors(limit), limit))
}

// retryPause is how long a dial waits for a descriptor before it asks again.
const retryPause = 20 * time.Millisecond

// IsExhausted reports whether the process or the system has too many files open: nobody's fault but ours, and soon over.
func IsExhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// RetryWhenFree dials, and where the process or the system has too many files open calls closeIdle and dials again, every roomPause
// until ctx ends.
func RetryWhenFree(ctx context.Context, closeIdle func(), dial func() (net.Conn, error)) (net.Conn, error) {
	for {
		c, err := dial()
		if !IsExhausted(err) {
			return c, err
		}
		closeIdle()
		pause := time.NewTimer(retryPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return nil, err
		}
	}
}

// CanOpen opens a file to see whether the process may open one more.
func CanOpen() bool {
	f, err := os.Open(os.DevNull)
	if err != nil {
		return !IsExhausted(err)
	}
	_ = f.Close() // nothing was written
	return true
}

// MaxExchanges is more sockets than a process can have to most hosts.
const MaxExchanges = 1 << 16
