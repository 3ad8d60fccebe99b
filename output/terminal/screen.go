package terminal

import (
	"io"
	"sync"
)

// A Screen is standard error, shared between lines that stay and a bar that moves.
// Whole lines are written at once, so that nothing tears them.
type Screen struct {
	mu  sync.Mutex
	out io.Writer
	bar *Bar // nil is none
}

// NewScreen returns a Screen that writes to out.
func NewScreen(out io.Writer) *Screen { return &Screen{out: out} }

// Write puts whole lines above the bar.
func (s *Screen) Write(p []byte) (int, error) {
	defer s.lock()()
	return s.out.Write(p)
}

// lock takes the Screen for one write and returns what gives it back.
func (s *Screen) lock() (over func()) {
	s.mu.Lock()
	if s.bar == nil {
		return s.mu.Unlock
	}
	s.bar.hide()
	return func() {
		s.bar.show()
		s.mu.Unlock()
	}
}

// Beside returns a writer to out that takes turns with the Screen: out may be the same terminal or pipe.
func (s *Screen) Beside(out io.Writer) io.Writer { return besideWriter{s, out} }

type besideWriter struct {
	screen *Screen
	out    io.Writer
}

func (b besideWriter) Write(p []byte) (int, error) {
	defer b.screen.lock()()
	return b.out.Write(p)
}

// ReadFrom writes a whole line that is too long for one Write; nothing comes between its pieces.
func (b besideWriter) ReadFrom(line io.Reader) (int64, error) {
	defer b.screen.lock()()
	return io.Copy(b.out, line)
}
