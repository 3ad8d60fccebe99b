package fdlimit

import (
	"errors"
	"os"
	"syscall"
)

// spareFiles is how many descriptors are reserved for what is no exchange and is not open yet: inputs, outputs, the
// journal, the runtime.
const spareFiles = 24

// filesPerExchange is how many descriptors an exchange may need at once: its connection, its body's file or the
// sockets of a name lookup, and an idle connection.
const filesPerExchange = 3

// exchangesWithin returns how many exchanges a process may have at once if it can open so many more files; at least 1.
func exchangesWithin(descriptors uint64) int {
	if descriptors <= spareFiles+filesPerExchange {
		return 1
	}
	return int(min((descriptors-spareFiles)/filesPerExchange, MaxExchanges)) //nolint:gosec // at most MaxExchanges
}

// Exchanges returns how many exchanges this process can have at once, by the number of files that it may open in
// addition to those that are open now; 1 to MaxExchanges. Where the limit is low enough to matter it counts those: 1 us
// on Linux, some 10 us by their list, more where up to maxCounted are checked one by one.
func Exchanges() int {
	limit := descriptorLimit()
	if exchangesWithin(limit) == MaxExchanges {
		return MaxExchanges
	}
	return exchangesWithin(limit - min(openDescriptors(limit), limit))
}

// MaxIdle bounds Idle.
const MaxIdle = 10_000

// Idle returns how many idle connections this process can keep beside so many exchanges: half of the files that it may
// open in addition to those and to what is open now; 1 to MaxIdle.
func Idle(exchanges int) int {
	limit := descriptorLimit()
	return idleWithin(limit-min(openDescriptors(limit), limit), exchanges)
}

// idleWithin is Idle where the process can open so many more files.
func idleWithin(descriptors uint64, exchanges int) int {
	needed := spareFiles + (filesPerExchange-1)*uint64(exchanges) //nolint:gosec // at most MaxExchanges
	if descriptors < needed+2 {
		return 1
	}
	return int(min((descriptors-needed)/2, MaxIdle)) //nolint:gosec // at most MaxIdle
}

// IsExhausted reports whether err says that the process (EMFILE) or the system (ENFILE) has too many files open. Such
// an error says nothing of the host, and is temporary.
func IsExhausted(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE)
}

// CanOpen reports whether the process may open so many more files. It opens them to find out, and closes them.
func CanOpen(files int) bool {
	for range files {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return !IsExhausted(err)
		}
		defer func() { _ = f.Close() }() // nothing was written
	}
	return true
}

// MaxExchanges bounds Exchanges: 65,536, above the number of ports, and so of connections to one address, that a
// client has.
const MaxExchanges = 1 << 16
