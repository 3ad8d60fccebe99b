//go:build unix

package cmd

import (
	"bytes"
	"errors"
	"io"
	"os"
	"syscall"
	"testing"
	"time"
)

// blockingPipe returns a pipe whose ends block, as those of a shell do.
func blockingPipe(t *testing.T) (in, out *os.File) {
	t.Helper()
	var ends [2]int
	if err := syscall.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	in, out = os.NewFile(uintptr(ends[0]), "in"), os.NewFile(uintptr(ends[1]), "out")
	t.Cleanup(func() { _, _ = in.Close(), out.Close() })
	return in, out
}

// TestStreamMadeNonBlocking: a pipe that another process makes non-blocking is waited for, in either direction, and
// loses nothing; that its other side has gone is seen.
func TestStreamMadeNonBlocking(t *testing.T) {
	in, out := blockingPipe(t)
	for _, fd := range []uintptr{in.Fd(), out.Fd()} {
		if err := syscall.SetNonblock(int(fd), true); err != nil {
			t.Fatal(err)
		}
	}
	text := bytes.Repeat([]byte("0123456789abcdef"), 40_000) // more than the pipe holds
	written := make(chan error, 1)
	go func() {
		time.Sleep(20 * time.Millisecond) // the reader has to wait, too
		_, err := stream{out}.Write(text)
		if err != nil {
			_ = out.Close() // so that the reader ends
		}
		written <- err
	}()
	got := make([]byte, len(text))
	if n, err := io.ReadFull(stream{in}, got[:9]); n != 9 || err != nil {
		t.Fatalf("%d bytes, %v", n, err)
	}
	time.Sleep(20 * time.Millisecond) // the writer has to wait for room
	n, err := io.ReadFull(stream{in}, got[9:])
	if err != nil || !bytes.Equal(got, text) {
		t.Errorf("%d bytes, %v", n, err)
	}
	if err := <-written; err != nil {
		t.Error(err)
	}

	go func() {
		_, err := stream{out}.Write(text)
		written <- err
	}()
	time.Sleep(20 * time.Millisecond)
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := <-written; !errors.Is(err, syscall.EPIPE) {
		t.Errorf("without a reader: %v", err)
	}
}
