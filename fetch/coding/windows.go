package coding

// Windows is a budget for the memory of decoders that keep a window of what they have decoded: zstd and br. A nil
// Windows is no bound. Any goroutine may use it.
type Windows interface {
	// Acquire returns once n bytes are free, and takes them. n is at most MaxWindows. Its error ends the Reader.
	Acquire(n int64) error
	// Release gives n bytes back.
	Release(n int64)
}

// The largest windows of one body, in bytes: RFC 9659 section 3, and RFC 7932 section 9.1. MaxWindows is the most that
// a Reader acquires, with several codings on a body, or a Dictionary whose windows may be larger.
const (
	maxZstdWindow   = 8 << 20
	maxBrotliWindow = 16 << 20
	MaxWindows      = 32 << 20
)

// besideWindow is what a decoder needs beside its window, in bytes, at most: its tables, and room for two blocks.
const besideWindow = 512 << 10

// mostPooled is the largest window with which a decoder goes back to its pool.
const mostPooled = 2 << 20

// wholeBody is how many bytes of a coded body are awaited before its window is acquired, so that one which is smaller
// holds the window no longer than it takes to decode it.
const wholeBody = 64 << 10

// A lease is what one Reader has acquired of a budget. One goroutine uses it. A body with several decoders acquires all
// of their windows at once: two that each held one and waited for the next could wait for each other.
type lease struct {
	windows Windows // nil is no budget
	held    int64   // bytes
	fixed   int64   // bytes that are acquired at once; 0: each window is acquired by itself
}

// acquire acquires a decoder's window.
func (l *lease) acquire(window int64) error {
	n := min(window+besideWindow, MaxWindows)
	if l.fixed > 0 {
		if n = l.fixed; l.held > 0 {
			return nil
		}
	}
	if l.windows != nil {
		if err := l.windows.Acquire(n); err != nil {
			return err
		}
	}
	l.held = n
	return nil
}

// release gives back what acquire took, once its decoder has ended.
func (l *lease) release() {
	if l.fixed == 0 {
		l.close()
	}
}

// close gives back all.
func (l *lease) close() {
	if l.held > 0 && l.windows != nil {
		l.windows.Release(l.held)
	}
	l.held = 0
}
