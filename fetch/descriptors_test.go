package fetch

import (
	"context"
	"errors"
	"math"
	"net"
	"os"
	"syscall"
	"testing"
	"time"
)

func TestAffordable(t *testing.T) {
	for limit, want := range map[uint64]int{0: 1, 20: 1, 36: 1, 256: 74, 1024: 330, math.MaxUint64: mostConcurrency} {
		if got := affordable(limit); got != want {
			t.Errorf("%d descriptors: %d at once, want %d", limit, got, want)
		}
	}
}

// TestDialWaitsForRoom: too many open files is no failure of the host's.
func TestDialWaitsForRoom(t *testing.T) {
	full := &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	refused := errors.New("refused")
	dials, closed := 0, 0
	_, err := whenThereIsRoom(t.Context(), func() { closed++ }, func() (net.Conn, error) {
		if dials++; dials < 3 {
			return nil, full
		}
		return nil, refused
	})
	if !errors.Is(err, refused) || dials != 3 || closed != 2 {
		t.Errorf("%v after %d dials, closed %d times", err, dials, closed)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*roomPause)
	defer cancel()
	began := time.Now()
	_, err = whenThereIsRoom(ctx, func() {}, func() (net.Conn, error) { return nil, full })
	if !errors.Is(err, syscall.EMFILE) || time.Since(began) < 3*roomPause {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}
