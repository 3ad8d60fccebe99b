package output

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"

	"batchfetch/fetch"
)

// InOrder is a Sink that passes Records on in the order of the input. What comes early waits: up to keepBytes in memory,
// the rest, and what is long already, in temporary files that have no name. How many wait is bounded by the look-ahead window, which counts them.
type InOrder struct {
	fetch.Sink
	next        int64
	early       map[int64]earlyRecord
	heldCount   atomic.Int64
	memoryBytes int64 // bytes of lines in memory
	spill       spill // what does not fit there
	failed      error // once set, nothing more is let go: it would stand behind a torn line
}

// maxMemoryBytes is how much waits in memory.
const maxMemoryBytes = 16 << 20

// earlyRecord is a Record whose turn has not come, and where its line is on disk.
type earlyRecord struct {
	record *fetch.Record
	place  spillPlace
}

// NewInOrder returns an InOrder around sink.
func NewInOrder(sink fetch.Sink) *InOrder {
	return &InOrder{Sink: sink, early: make(map[int64]earlyRecord), spill: spill{maxFileBytes: spillFileBytes}}
}

// Held returns how many Records wait.
func (o *InOrder) Held() int { return int(o.heldCount.Load()) }

// Put passes the Record on if it is its turn, and then all that waited for it.
func (o *InOrder) Put(r *fetch.Record) error {
	if o.failed == nil {
		o.failed = o.put(r)
	}
	return o.failed
}

func (o *InOrder) put(r *fetch.Record) error {
	if r.Seq != o.next {
		return o.hold(r)
	}
	if err := o.Sink.Put(r); err != nil {
		return err
	}
	o.next++
	return o.release()
}

func (o *InOrder) hold(r *fetch.Record) error {
	if r.LineErr != nil {
		return r.LineErr
	}
	e := earlyRecord{record: r}
	if r.LongLine != nil || o.memoryBytes+int64(len(r.Line)) > maxMemoryBytes {
		var err error
		if e.place, err = o.spill.write(r); err != nil {
			return fmt.Errorf("--ordered: %w", err)
		}
	}
	o.memoryBytes += int64(len(r.Line))
	o.early[r.Seq] = e
	o.heldCount.Store(int64(len(o.early)))
	return nil
}

// release passes on what waited for the Record before it.
func (o *InOrder) release() error {
	for {
		e, here := o.early[o.next]
		if !here {
			return nil
		}
		delete(o.early, o.next)
		o.heldCount.Store(int64(len(o.early)))
		if err := o.passOn(e); err != nil {
			return err
		}
		o.next++
	}
}

func (o *InOrder) passOn(e earlyRecord) error {
	if e.place.file == nil {
		o.memoryBytes -= int64(len(e.record.Line))
		return o.Sink.Put(e.record)
	}
	line := e.place.line()
	if line.Size() > writeSize {
		e.record.LongLine = line
	} else {
		e.record.Line = make([]byte, line.Size())
		if _, err := io.ReadFull(line.Reader(), e.record.Line); err != nil {
			return fmt.Errorf("--ordered: %w", err)
		}
	}
	if err := o.Sink.Put(e.record); err != nil {
		return err
	}
	if err := o.spill.release(e.place); err != nil {
		return fmt.Errorf("--ordered: %w", err)
	}
	return nil
}

// Flush passes on, at the end, what waited for Records that never came because the run was stopped.
func (o *InOrder) Flush(last bool) error {
	if last && o.failed == nil {
		for _, seq := range slices.Sorted(maps.Keys(o.early)) {
			o.next = seq
			if err := o.release(); err != nil {
				return err
			}
		}
	}
	return o.Sink.Flush(last)
}

// Close removes the temporary files.
func (o *InOrder) Close() error { return o.spill.Close() }
