package output

import (
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"batchfetch/fetch"
)

// InOrder is a Sink that passes Records on in the order of the input. What comes early waits: up to keepBytes in memory,
// the rest in a temporary file that has no name. How many wait is bounded by the look-ahead window, which counts them.
type InOrder struct {
	fetch.Sink
	next    int64
	waiting map[int64]early
	held    atomic.Int64
	kept    int64 // bytes of lines in memory
	spill   *os.File
	end     int64 // of the spill file
	spilled int   // Records in it
	failed  error // once set, nothing more is let go: it would stand behind a torn line
}

// keepBytes is how much waits in memory.
const keepBytes = 16 << 20

// early is a Record whose turn has not come; its line is in the spill file where size is not 0.
type early struct {
	record *fetch.Record
	at     int64
	size   int
}

// NewInOrder returns an InOrder around sink.
func NewInOrder(sink fetch.Sink) *InOrder {
	return &InOrder{Sink: sink, waiting: make(map[int64]early)}
}

// Held returns how many Records wait.
func (o *InOrder) Held() int { return int(o.held.Load()) }

// Put passes the Record on if it is its turn, and then all that waited for it.
func (o *InOrder) Put(r *fetch.Record) error {
	if o.failed == nil {
		o.failed = o.put(r)
	}
	return o.failed
}

func (o *InOrder) put(r *fetch.Record) error {
	if r.Seq != o.next {
		return o.keep(r)
	}
	if err := o.Sink.Put(r); err != nil {
		return err
	}
	o.next++
	return o.release()
}

func (o *InOrder) keep(r *fetch.Record) error {
	e := early{record: r}
	if o.kept+int64(len(r.Line)) > keepBytes {
		if err := o.toFile(&e); err != nil {
			return err
		}
	}
	o.kept += int64(len(r.Line))
	o.waiting[r.Seq] = e
	o.held.Store(int64(len(o.waiting)))
	return nil
}

func (o *InOrder) toFile(e *early) error {
	if o.spill == nil {
		f, err := os.CreateTemp("", "batchfetch-ordered-*")
		if err != nil {
			return fmt.Errorf("--ordered: %w", err)
		}
		o.spill = f
		_ = os.Remove(f.Name()) // where an open file can't be removed, Close does it
	}
	e.at, e.size = o.end, len(e.record.Line)
	if _, err := o.spill.WriteAt(e.record.Line, o.end); err != nil {
		return fmt.Errorf("--ordered: %w", err)
	}
	o.end += int64(e.size)
	o.spilled++
	e.record.Line = nil
	return nil
}

// release passes on what waited for the Record before it.
func (o *InOrder) release() error {
	for {
		e, here := o.waiting[o.next]
		if !here {
			return nil
		}
		delete(o.waiting, o.next)
		o.held.Store(int64(len(o.waiting)))
		if err := o.pass(e); err != nil {
			return err
		}
		o.next++
	}
}

func (o *InOrder) pass(e early) error {
	if e.size == 0 {
		o.kept -= int64(len(e.record.Line))
		return o.Sink.Put(e.record)
	}
	e.record.Line = make([]byte, e.size)
	if _, err := o.spill.ReadAt(e.record.Line, e.at); err != nil {
		return fmt.Errorf("--ordered: %w", err)
	}
	o.spilled--
	if o.spilled == 0 { // the file is empty again
		o.end = 0
		if err := o.spill.Truncate(0); err != nil {
			return fmt.Errorf("--ordered: %w", err)
		}
	}
	return o.Sink.Put(e.record)
}

// Flush passes on, at the end, what waited for Records that never came because the run was stopped.
func (o *InOrder) Flush(last bool) error {
	if last && o.failed == nil {
		for _, seq := range sortedKeys(o.waiting) {
			o.next = seq
			if err := o.release(); err != nil {
				return err
			}
		}
	}
	return o.Sink.Flush(last)
}

// Close removes the temporary file.
func (o *InOrder) Close() error {
	if o.spill == nil {
		return nil
	}
	err := o.spill.Close()
	if removed := os.Remove(o.spill.Name()); removed != nil && !errors.Is(removed, os.ErrNotExist) {
		err = errors.Join(err, removed)
	}
	return err
}
