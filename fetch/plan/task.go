package plan

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A Task is the plan's record of something that is asked of a host, by one exchange or by several in turn. It is
// embedded by value in what it belongs to, its Owner. While the plan has it, nobody else may touch it.
type Task struct {
	// Owner is what the Task belongs to. The plan never looks at it.
	Owner any
	// NotBefore is when the next exchange may start at the earliest; zero is at once.
	NotBefore time.Time
	// Attempts counts the exchanges made so far, redirects aside. The refusal of a further attempt slows no host down.
	Attempts int
	// Size is about how many bytes the Task takes in a batch before that is compressed.
	Size int
	// Pristine says that the Codec can pack the Task: nothing has been asked yet. Others are never spilled.
	Pristine bool
	// Verdict is on the last exchange. done reads it.
	Verdict judge.Verdict
	// Lost is why the Task ends without another exchange; nil means that it does not. The plan sets it.
	Lost *failure.Failure
	// Started is when next returned the Task last.
	Started time.Time

	lane   *lane  // nil while it is in none, and where it needs no host
	number uint64 // of its last start among those of the lane, from 1
}
