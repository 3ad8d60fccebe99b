package terminal

import (
	"io"
	"sync"
)

// Screen is standard error as a terminal: lines, and a bar below them that is redrawn. Each Write is of whole lines. It
// is safe for concurrent use.
type Screen struct {
	mu  sync.Mutex
	out io.Writer
	bar string // empty: none

	drawing drawing // of the goroutine of DrawBar
}

// NewScreen returns a Screen that writes to out.
func NewScreen(out io.Writer) *Screen { return &Screen{out: out} }

// Write writes whole lines above the bar.
func (s *Screen) Write(p []byte) (int, error) {
	defer s.lock()()
	return s.out.Write(p)
}

// lock locks the Screen for a write, and hides the bar until unlock.
func (s *Screen) lock() (unlock func()) {
	s.mu.Lock()
	if s.bar == "" {
		return s.mu.Unlock
	}
	s.hideBar()
	return func() {
		s.showBar()
		s.mu.Unlock()
	}
}

// Beside returns a writer to out that shares the lock and the bar of the Screen, since out may be the same terminal.
func (s *Screen) Beside(out io.Writer) io.Writer { return besideWriter{s, out} }

type besideWriter struct {
	screen *Screen
	out    io.Writer
}

func (b besideWriter) Write(p []byte) (int, error) {
	defer b.screen.lock()()
	return b.out.Write(p)
}

// ReadFrom writes one long line in pieces, under the lock.
func (b besideWriter) ReadFrom(line io.Reader) (int64, error) {
	defer b.screen.lock()()
	return io.Copy(b.out, line)
}
