/*
Package plan decides which Task starts now, or how long until one may: the schedule of a run over many hosts.

	Add(task, host, now)          Next(now) ─▷ Task, or a wait
	        │                         ▲
	        ▼                         │ a Task of the lane with the most work
	┌ lane: one host ──────────────┐  │
	│ waiting   in order           │  ├─ ready     may start a Task now
	│ aside     by bucket          │  │
	│ delayed   until NotBefore    │  │  another   may, over one more connection to its host
	│ spilled   batches, packed    │  │  busy      has all its exchanges under way
	│                              │  │  timed     may start a Task at a later time
	│ connections that are kept    │  │  expiring  has no Task, and is kept until a later time
	│ pace, pause, throttle        │  │
	│ buckets, closure, health     │──┘ reclassify: each lane is in at most one of the five heaps
	└──────────────────────────────┘
	        ▲
	        │ observe: what the Verdict says about the host
	Done(task, now)

A lane limits the exchanges of its host by number (busy), and their starts by rate, pause, throttle and quota (timed).
Parts of a host may have lanes of their own, with pauses and quotas apart: hostLanes limits them together. Lanes of
hosts that count their requests together have a share: one rate, quota, pause and closure. The quotas that a host tells
are windows of buckets: there is one bucket until responses name others, or show by contradicting each other that there
are others; where the known one allows no start, a scout shows whether a path is in another. Tasks whose bucket allows
no start are put aside for those behind them. A Plan limits both for all hosts together. CurrentHold names what keeps
the next Task from starting: a Hold.

Done tells of each exchange whether its connection was kept. A start that would make one more connection to a host waits
for one of those that it has, unless the run ends sooner by it; and where more connections are idle than hosts keep, the
lanes with one go first, as long as none of the others has so much work that the run ends later by it.

Tasks of a host that is down or refuses all requests fail: Next returns them with Lost set, as it does those that were
given to Fail. A Task that needs another exchange is added again after Done.

Where several processes keep to limits together (Limits.Shared), a lane starts a Task by a Slot, and has as many under
way, as the others leave: Asks says what is wanted and told, Granted takes in what comes (shared.go).

Where memory is full, Full spills the last Tasks of hosts that have more than can start soon: a Codec packs them into
batches, which are unpacked when their lane needs them. RemoveWaiting removes all that waits at the end of a run.

The package is pure: it has no clock, lock, goroutine, network, file or context. Time is an argument, and only one
goroutine at a time may call a Plan. It does not know what a Task belongs to (its Owner), and a host is only a name to
it. Of this module it imports judge, failure and queue.

The files, from the bottom; none is in a circle with others. limits.go, times.go, meter.go, pace.go, connection.go,
slots.go (a start that other processes leave) and, for what a host refuses, ratelimit.go, smallburst.go, rateless.go,
slowstart.go, volley.go, width.go and drops.go know no Task. task.go is what the run adds: a Task knows its lane, bucket
and prefix by their numbers alone. taskheap.go, batch.go, throttle.go (all that refusals limit), health.go, closure.go,
ratetrial.go, pageevidence.go, pagetrouble.go, failingpages.go (is a 5xx for its page?), overload.go and for quotas,
resetunit.go, quotawindow.go, bucket.go, buckets.go, scout.go and learn.go (what responses tell of buckets) are parts of
a lane; hostlimits.go and share.go are what several have in common. lane.go is one host's queue, lanebuckets.go sorts it
by buckets, lanestart.go is its next start; refusals.go, losses.go, adapt.go, observetrouble.go, observe.go and
laneslots.go update it by Verdicts, and ask for its slots. heap.go, hostlanes.go and sharelanes.go are lanes in order,
of a host and of a share. state.go is what a Plan has; hold.go, spill.go, shortage.go, lanegroups.go, connections.go
(which lane is first, by its connections) and shared.go work on it, installments.go says how many Tasks are read or
spilled at a time; classify.go sorts lanes by what they wait for, closing.go ends them; plan.go and grant.go are what
the run calls.
*/
package plan
