package fdlimit

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

func TestExchangesWithin(t *testing.T) {
	for limit, want := range map[uint64]int{0: 1, 20: 1, 30: 2, 246: 74, 1024: 333, math.MaxUint64: MaxExchanges} {
		if got := exchangesWithin(limit); got != want {
			t.Errorf("%d descriptors: %d at once, want %d", limit, got, want)
		}
	}
}

func TestIdleWithin(t *testing.T) {
	for _, tt := range []struct {
		limit     uint64
		exchanges int
		want      int
	}{
		{0, 1, 1}, {100, 64, 1}, {1000, 64, 424}, {20_000, 64, 9924}, {30_000, 64, MaxIdle},
		{math.MaxUint64, 65_536, MaxIdle},
	} {
		if got := idleWithin(tt.limit, tt.exchanges); got != tt.want {
			t.Errorf("%d descriptors, %d exchanges: %d idle, want %d", tt.limit, tt.exchanges, got, tt.want)
		}
	}
}

// TestRetryWhenFree checks that too many open files are not a failure of the dial: it is tried again, until its
// context ends.
func TestRetryWhenFree(t *testing.T) {
	full := &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}
	refused := errors.New("refused")
	dials, closed := 0, 0
	_, err := RetryWhenFree(t.Context(), func() { closed++ }, func() (net.Conn, error) {
		if dials++; dials < 3 {
			return nil, full
		}
		return nil, refused
	})
	if !errors.Is(err, refused) || dials != 3 || closed != 2 {
		t.Errorf("%v after %d dials, closed %d times", err, dials, closed)
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 3*retryPause)
	defer cancel()
	_, err = RetryWhenFree(ctx, func() {}, func() (net.Conn, error) { return nil, full })
	if !errors.Is(err, syscall.EMFILE) || time.Since(began) < 3*retryPause {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

// TestOpenFilesCount checks that files that are open already are counted, since they leave fewer for exchanges.
func TestOpenFilesCount(t *testing.T) {
	before := openDescriptors(1024)
	if before == 0 {
		t.Skip("not known here")
	}
	for range 10 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
	}
	if got := openDescriptors(1024); got < before+10 || openDescriptors(3) > 3 {
		t.Errorf("%d are open, %d were before", got, before)
	}
}
