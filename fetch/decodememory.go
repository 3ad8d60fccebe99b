package fetch

import (
	"context"
	"errors"
	"slices"
	"sync"

	"batchfetch/fetch/coding"
)

// maxDecodeMemory is how many bytes the windows of all decoders may have at once. The garbage collector lets the memory
// of a process come to twice what is in use, which leaves 200 exchanges below 256 MiB.
const maxDecodeMemory = 48 << 20

// decodeMemory is the budget for the windows of all decoders. Who finds it spent waits; who has waited longest is
// first. Any goroutine may use it.
type decodeMemory struct {
	mu      sync.Mutex // guards all below
	free    int64      // bytes
	waiting []*memoryWait
}

// A memoryWait is a decoder that waits for its window.
type memoryWait struct {
	bytes   int64
	granted chan struct{} // closed when it has it
}

func newDecodeMemory() *decodeMemory { return &decodeMemory{free: maxDecodeMemory} }

// acquire takes n bytes. It returns early where ctx ends, with its cause.
func (m *decodeMemory) acquire(ctx context.Context, n int64) error {
	m.mu.Lock()
	w := &memoryWait{n, make(chan struct{})}
	m.waiting = append(m.waiting, w)
	m.grant()
	m.mu.Unlock()
	select {
	case <-w.granted:
		return nil
	case <-ctx.Done():
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if i := slices.Index(m.waiting, w); i >= 0 {
		m.waiting = slices.Delete(m.waiting, i, i+1)
	} else {
		m.free += n
	}
	m.grant()
	return context.Cause(ctx)
}

// release gives n bytes back.
func (m *decodeMemory) release(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free += n
	m.grant()
}

// grant gives those that wait their bytes, in their order, as far as there are any. mu is held.
func (m *decodeMemory) grant() {
	for len(m.waiting) > 0 && m.waiting[0].bytes <= m.free {
		m.free -= m.waiting[0].bytes
		close(m.waiting[0].granted)
		m.waiting = m.waiting[1:]
	}
}

// tryAcquire takes n bytes where nobody has to wait for them, and reports whether it has.
func (m *decodeMemory) tryAcquire(n int64) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) > 0 || m.free < n {
		return false
	}
	m.free -= n
	return true
}

// errNoDecodeMemory is the error of a decoder that does not wait for its window.
var errNoDecodeMemory = errors.New("no memory is free for a decoder")

// decodeWindows is the budget as the decoders of one exchange use it.
type decodeWindows struct {
	memory  *decodeMemory
	acquire func(n int64) error
}

// Acquire is coding.Windows'.
func (w decodeWindows) Acquire(n int64) error { return w.acquire(n) }

// Release is coding.Windows'.
func (w decodeWindows) Release(n int64) { w.memory.release(n) }

// windows returns the budget for decoders that wait until ctx ends; nil is no bound.
func (m *decodeMemory) windows(ctx context.Context) coding.Windows {
	if m == nil {
		return nil
	}
	return decodeWindows{m, func(n int64) error { return m.acquire(ctx, n) }}
}

// spareWindows returns the budget for decoders that can do without; nil is no bound.
func (m *decodeMemory) spareWindows() coding.Windows {
	if m == nil {
		return nil
	}
	return decodeWindows{m, func(n int64) error {
		if !m.tryAcquire(n) {
			return errNoDecodeMemory
		}
		return nil
	}}
}
