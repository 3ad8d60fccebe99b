package fdlimit

import (
	"context"
	"errors"
	"net"
	"syscall"
	"time"
)

// IsShortage reports whether err, that of a dial, says that this machine lacks what a connection takes: files
// (IsExhausted), memory (ENOBUFS, ENOMEM), a local port (ErrNoPort) or another of its resources (EAGAIN). Such an error
// says nothing of the host, and is temporary.
func IsShortage(err error) bool {
	if IsExhausted(err) || errors.Is(err, ErrNoPort) {
		return true
	}
	for _, code := range shortages {
		if errors.Is(err, code) {
			return true
		}
	}
	return false
}

// ErrNoPort is behind the error of a connection for which no local port is free: all are in use for the same address
// and port, or were until a minute ago (TIME_WAIT).
var ErrNoPort = errors.New("no local port is free")

// ExplainNoPort returns err, that of a TCP connection to an address, with ErrNoPort where it says that a local address
// was not available and the machine has one to reach that address from (EADDRNOTAVAIL means both).
func ExplainNoPort(ctx context.Context, to string, err error) error {
	if !errors.Is(err, addressNotAvailable) {
		return err
	}
	probe, probeErr := new(net.Dialer).DialContext(ctx, "udp", to) // sends nothing
	if probeErr != nil {
		return err
	}
	_ = probe.Close() // nothing was sent
	return &noPortError{err}
}

// noPortError is an error of a connection with ErrNoPort.
type noPortError struct{ err error }

func (e *noPortError) Error() string   { return ErrNoPort.Error() + ": " + e.err.Error() }
func (e *noPortError) Unwrap() []error { return []error{ErrNoPort, e.err} }

// ShortageText says in words which shortage err is.
func ShortageText(err error) string {
	var code syscall.Errno
	switch {
	case errors.Is(err, ErrNoPort):
		return ErrNoPort.Error()
	case IsExhausted(err):
		return "too many open files"
	case errors.As(err, &code):
		return code.Error()
	}
	return "a lack of this machine"
}

// retryPause is the time between two dials in a shortage, retryTime how long they are made again in place.
const retryPause, retryTime = 20 * time.Millisecond, time.Second

// RetryWhenFree dials. In a shortage it calls closeIdle, where that frees what is lacking, and dials again, every
// retryPause for retryTime or until ctx ends; then it returns the last error of dial, so that others can have the place
// of the exchange. Other errors it returns at once.
func RetryWhenFree[C any](ctx context.Context, closeIdle func(), dial func() (C, error)) (made C, err error) {
	for end := time.Now().Add(retryTime); ; {
		made, err = dial()
		if !IsShortage(err) || time.Now().After(end) {
			return made, err
		}
		if !errors.Is(err, ErrNoPort) { // a port is not free at once
			closeIdle()
		}
		pause := time.NewTimer(retryPause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return made, err
		}
	}
}
