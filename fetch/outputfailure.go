package fetch

import "sync"

// An outputFailure is the first error of an output of the run: of the Sink, or of the disk below a BodyStore or a
// temporary file. It ends the run. Any goroutine may use it; later errors are dropped.
type outputFailure struct {
	once   sync.Once
	failed chan struct{} // closed when there is one
	err    error         // written before failed is closed
}

func newOutputFailure() *outputFailure { return &outputFailure{failed: make(chan struct{})} }

// fail reports an error, and ends the run where it is the first.
func (f *outputFailure) fail(err error) {
	f.once.Do(func() {
		f.err = &OutputError{err}
		close(f.failed)
	})
}

// done returns a channel that is closed once an output has failed.
func (f *outputFailure) done() <-chan struct{} { return f.failed }

// cause returns an *OutputError, or nil while no output has failed.
func (f *outputFailure) cause() error {
	select {
	case <-f.failed:
		return f.err
	default:
		return nil
	}
}
