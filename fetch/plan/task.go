package plan

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
)

// A Task is the plan's record of one request to a host, which takes one exchange or several in turn. It is embedded by
// value in its Owner. From Add until Next returns it, it belongs to the plan, and nobody else may read or write it.
type Task struct {
	// Owner is the struct that embeds the Task. The plan does not read it.
	Owner any
	// NotBefore is when the next exchange may start at the earliest; zero is at once.
	NotBefore time.Time
	// First says that the Task goes before all others of its lane that wait: what it has to send is good for a short
	// time.
	First bool
	// Attempts counts the exchanges made so far, without those that followed a redirect or a refusal. A host that
	// refuses (429, 503) an attempt after the first is not slowed down because of it.
	Attempts int
	// Refusals counts the last exchanges in a row that the host refused (Verdict.Refusal).
	Refusals int
	// OfPage says that a response as judge.Verdict.PerhapsPage is the trouble of the page (judge.Trial.OfPage). The plan
	// sets it.
	OfPage bool
	// Path is the beginning of the path of the URL, some segments, of which as few as needed tell the buckets of a host
	// apart: /v1/users of /v1/users/7.
	Path string
	// Size is about how many bytes the Task adds to a batch before that is packed.
	Size int
	// Pristine says that the Codec can pack the Task, as it has had no exchange yet. Others are never spilled.
	Pristine bool
	// Verdict is that on the last exchange. Done reads it.
	Verdict judge.Verdict
	// Lost is why the Task ends without another exchange; nil means that Next returned it for one. The plan sets it.
	Lost *failure.Failure
	// Started is when Next returned the Task last.
	Started time.Time
	// Sent is when its last exchange had a connection to send its request over; the zero time is never. Done reads it.
	Sent time.Time
	// Connection is that of its last exchange. Done reads it.
	Connection Connection

	// For pageTrouble.
	acceptedAtDoubt int  // pageTrouble.accepted when a doubtful response came; 0 is that the last one was none
	putOffs         int  // times that the Task was put off since
	tells           bool // what its next response is shows what that one was for

	// For failingPages.
	failsFrom int  // failingPages.accepted from which on a further 5xx is its page's trouble; 0 is none yet
	ahead     bool // it has started ahead of its turn

	number   uint64 // of its last start, among those of the lane; 1 is the first
	answered uint64 // lane.answered then
	lane     laneID // that it waits in or was started from; 0 before Add, after Done and for a Task without a host
	bucket   uint16 // bucket.number of that which its exchange was started from; 0 is none
	scouting uint16 // pathPrefix.number of that whose bucket its exchange is to show; 0 is none
}

// A laneID is the number of a lane in its plan; 0 is none. Lanes, buckets and prefixes have Tasks, which know them by
// numbers alone.
type laneID uint32
