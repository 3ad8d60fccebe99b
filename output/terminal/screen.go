package terminal

import (
	"io"
	"sync"

	"golang.org/x/term"
)

// clearLine empties the line of the cursor (ECMA-48 EL), which goes to its begin.
const clearLine = "\r\x1b[2K"

// Screen is standard error as a terminal: lines, and a bar below them that is redrawn. Each Write is of whole lines. It
// is safe for concurrent use.
type Screen struct {
	mu  sync.Mutex
	out io.Writer
	bar string // empty: none
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

// setBar replaces the bar; "" removes it.
func (s *Screen) setBar(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.bar != "" {
		s.hideBar()
	}
	s.bar = text
	s.showBar()
}

func (s *Screen) hideBar() { _, _ = io.WriteString(s.out, clearLine) } // a terminal that can't be written to has no bar

// showBar draws the bar with the cursor at its begin: other programs of the pipeline write over it, not behind it.
func (s *Screen) showBar() {
	if s.bar != "" {
		_, _ = io.WriteString(s.out, s.bar+"\r") // as in hideBar
	}
}

// Columns returns the width of the terminal; 80 where out is none.
func (s *Screen) Columns() int {
	if f, ok := s.out.(interface{ Fd() uintptr }); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return 80
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
