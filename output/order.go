package output

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"sync/atomic"

	"batchfetch/fetch"
	"batchfetch/fetch/spool"
)

// InOrder is a fetch.Sink that passes Records on in the order of the input, and the pages of a Request in their order.
// Records that come early are held: up to maxMemoryBytes of lines in memory, the others, and lines that are in a file
// already, in temporary files without names. The look-ahead window bounds the number of their Requests, and counts the
// Records (Held).
type InOrder struct {
	fetch.Sink
	next        atomic.Int64
	early       map[int64][]earlyRecord // by Seq, in the order in which they came
	heldCount   atomic.Int64
	memoryBytes int64 // of the held lines in memory
	spill       spill // the other held lines
	failed      error // the first error; nothing is passed on after it, since the output may end within a line
}

// maxMemoryBytes bounds the lines held in memory.
const maxMemoryBytes = 16 << 20

// earlyRecord is a held Record, and where its line is on disk.
type earlyRecord struct {
	record *fetch.Record
	more   bool // Record.More
	place  spillPlace
}

// NewInOrder returns an InOrder around sink, whose temporary files take room in space.
func NewInOrder(sink fetch.Sink, space *spool.Space) *InOrder {
	return &InOrder{Sink: sink, early: make(map[int64][]earlyRecord),
		spill: spill{space: space, maxFileBytes: spillFileBytes}}
}

// Held returns the number of Records that are held. It may be called by any goroutine.
func (o *InOrder) Held() int { return int(o.heldCount.Load()) }

// Awaited returns the Record.Seq of the Request whose Records are passed on next. It may be called by any goroutine.
func (o *InOrder) Awaited() int64 { return o.next.Load() }

// Put passes the Record on where it is next, and then those that follow it; otherwise it holds it.
func (o *InOrder) Put(r *fetch.Record) error {
	if o.failed == nil {
		o.failed = o.put(r)
	}
	return o.failed
}

func (o *InOrder) put(r *fetch.Record) error {
	if r.Seq != o.next.Load() {
		return o.hold(r)
	}
	more := r.More // the inner Sink then owns r
	if err := o.Sink.Put(r); err != nil {
		return err
	}
	if more {
		return nil
	}
	o.next.Add(1)
	return o.release()
}

func (o *InOrder) hold(r *fetch.Record) error {
	if r.LineErr != nil {
		return r.LineErr
	}
	e := earlyRecord{record: r, more: r.More}
	if r.LongLine != nil || o.memoryBytes+int64(len(r.Line)) > maxMemoryBytes {
		var err error
		if e.place, err = o.spill.write(r); err != nil && !spool.IsFull(err) { // then it is held where it is
			r.Discard()
			return fmt.Errorf("--ordered: %w", err)
		}
	}
	o.memoryBytes += int64(len(r.Line))
	o.early[r.Seq] = append(o.early[r.Seq], e)
	o.heldCount.Add(1)
	return nil
}

// release passes on the held Records that are next.
func (o *InOrder) release() error {
	for {
		next := o.next.Load()
		all, here := o.early[next]
		if !here {
			return nil
		}
		delete(o.early, next)
		for _, e := range all {
			o.heldCount.Add(-1)
			if err := o.passOn(e); err != nil {
				return err
			}
		}
		if all[len(all)-1].more {
			return nil
		}
		o.next.Add(1)
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

// Flush passes on, at the end, what is held after Records that never came because the run was stopped.
func (o *InOrder) Flush(last bool) error {
	if last && o.failed == nil {
		for _, seq := range slices.Sorted(maps.Keys(o.early)) {
			o.next.Store(seq)
			if err := o.release(); err != nil {
				return err
			}
		}
	}
	return o.Sink.Flush(last)
}

// Close removes the temporary files.
func (o *InOrder) Close() error {
	for _, all := range o.early {
		for _, e := range all {
			e.record.Discard()
		}
	}
	return o.spill.Close()
}
