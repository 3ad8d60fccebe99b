package cmd

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// A stream is standard input, output or error. Its open file description is shared with other processes, of which one
// may make it non-blocking in the middle of a run (fcntl(2), O_NONBLOCK): then it waits by itself, as the kernel would.
// Each Write and ReadFrom is whole beside those of other processes of ours with the same file or pipe: it is under a
// lock of the file, where the system has one for it.
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
func (s stream) Write(p []byte) (int, error) {
	defer lockStream(s.file)()
	return unlockedStream(s).Write(p)
}

// ReadFrom writes all of a line in pieces.
func (s stream) ReadFrom(line io.Reader) (int64, error) {
	defer lockStream(s.file)()
	return io.Copy(unlockedStream(s), line)
}

// An unlockedStream is a stream whose lock is held.
type unlockedStream struct{ file *os.File }

// Write is io.Writer's.
func (s unlockedStream) Write(p []byte) (written int, err error) {
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
