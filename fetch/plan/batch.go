package plan

import "batchfetch/fetch/queue"

// Tasks that do not fit into the look-ahead window while other hosts could be asked are spilled: of hosts with more
// of them than can start soon, the last ones are compressed, to some 20 bytes for a plain URL where a Task takes a
// kilobyte. So a list that begins with a million lines of one host still lets the plan see which hosts follow.

// A Codec packs pristine Tasks into few bytes. It is used by one goroutine, the plan's.
type Codec interface {
	// Pack returns a compressed form of Tasks, which are dropped afterwards. It must not keep the slice.
	Pack(tasks []*Task) []byte
	// Unpack returns the Tasks that Pack was given, in the same order, pristine and with their Size.
	Unpack(packed []byte) []*Task
}

const tasksPerBatch = 16 // Tasks that are packed together

// spilled is the last part of one lane's queue: first the batches, then a tail of Tasks that are not packed yet.
// A nil *spilled is empty.
type spilled struct {
	batches queue.Queue[batch]
	count   int // Tasks in batches
	tail    []*Task
}

// batch is several Tasks in packed form.
type batch struct {
	packed []byte
	count  int
}

// batchLen is how many of the first Tasks make a batch: at least one.
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

// batchMemory is the memory in bytes that a batch takes, with what the runtime keeps for it.
func batchMemory(packed []byte) int64 { return int64(len(packed)) + 64 }
