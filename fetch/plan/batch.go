package plan

import "batchfetch/fetch/queue"

// A Codec packs pristine Tasks into few bytes. It is called by who calls the Plan.
type Codec interface {
	// Pack returns a compressed form of tasks, which are dropped afterwards. It must not keep the slice.
	Pack(tasks []*Task) []byte
	// Unpack returns the Tasks that Pack was given, in the same order, pristine and with their Size.
	Unpack(packed []byte) []*Task
}

const (
	tasksPerBatch = 16       // Tasks that are packed together
	maxBatchBytes = 64 << 10 // most bytes of the Tasks in a batch, before packing; larger Tasks make smaller batches
)

// batch is several Tasks in packed form.
type batch struct {
	packed []byte
	count  int
}

// spilled is the last part of one lane's queue: first the batches, then a tail of Tasks that are not packed yet.
// A nil *spilled is empty.
type spilled struct {
	batches queue.Queue[batch]
	count   int // Tasks in batches
	tail    []*Task
}

func (s *spilled) hasTasks() bool { return s.len() > 0 }

// len is the number of Tasks, packed or not.
func (s *spilled) len() int {
	if s == nil {
		return 0
	}
	return s.count + len(s.tail)
}

// batchLen is how many of the first Tasks make a batch: at least one, as long as tasks has any.
func batchLen(tasks []*Task) int {
	tasks = tasks[:min(tasksPerBatch, len(tasks))]
	size := 0
	for i, t := range tasks {
		if size += t.Size; size > maxBatchBytes {
			return max(i, 1)
		}
	}
	return len(tasks)
}

// batchMemory is the memory in bytes that a batch takes: its text, and 64 bytes that the queue and the runtime keep.
func batchMemory(packed []byte) int64 { return int64(len(packed)) + 64 }
