package cmd

import (
	"errors"
	"os"
	"syscall"
)

// A stream is standard input, output or error. Its open file description is shared with other processes, of which one
// may make it non-blocking in the middle of a run (fcntl(2), O_NONBLOCK): then it waits by itself, as the kernel would.
type stream struct{ file *os.File }

// Read is io.Reader's.
func (s stream) Read(p []byte) (int, error) {
	for {
		n, err := s.file.Read(p)
		if n > 0 || !errors.Is(err, syscall.EAGAIN) {
			return n, err
		}
		if err := await(s.file, forReading); err != nil {
			return 0, err
		}
	}
}

// Write is io.Writer's.
func (s stream) Write(p []byte) (written int, err error) {
	for {
		n, err := s.file.Write(p[written:])
		written += n
		if !errors.Is(err, syscall.EAGAIN) {
			return written, err
		}
		if err := await(s.file, forWriting); err != nil {
			return written, err
		}
	}
}

// Fd returns the file's descriptor, for the width of a terminal.
func (s stream) Fd() uintptr { return s.file.Fd() }

// Close closes the file.
func (s stream) Close() error { return s.file.Close() }
