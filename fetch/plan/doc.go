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
	│ pace, throttle, overload     │  │
	│ pause, closure, health       │  │
	│ buckets of quotas            │──┘ reclassify: each lane is in at most one of the five heaps
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
way, as the others leave: Asks says what is wanted and told, Granted takes in what comes, the lease of a lane.

Where memory is full, Full spills the last Tasks of hosts that have more than can start soon: a Codec packs them into
batches, which are unpacked when their lane needs them. RemoveWaiting removes all that waits at the end of a run.

The package is pure: it has no clock, lock, goroutine, network, file or context. Time is an argument, and only one
goroutine at a time may call a Plan. It does not know what a Task belongs to (its Owner), and a host is only a name to
it. Of this module it imports judge, failure and queue.

What limits the starts of a lane, and what finds it:

	the user, or a rate that is told   pace (starts a second), lane.concurrency (exchanges at once)
	a wait that is told (Retry-After)  lane.pausedUntil, or bucket.until
	a quota that is told               buckets, each of quotaWindows; scouts find what is in which; slidingWindow
	refusals (429, 503)                throttle: pauses, rateLimit, smallBurst, rateless, slowStart, widthLimit
	lost connections                   throttle: slowStart (stalls), drops, outage
	no response in time                throttle: queue
	Overloaded (5xx, no Retry-After)   overload: a rate by what is accepted; steady: one in each of equal times;
	                                   unavailable: pauses while none is accepted; crowd: exchanges at once
	connections that are closed        overload, but for its crowd
	5xx for some pages alone           failingPages, pageTrouble, rateTrial: they limit nothing
	no answer                          health: pauses and probes
	any of these, for too long         closure: Tasks fail

Done has the lane observe the Verdict (observe.go), in this order: observeTrouble and observeTrial may find that it says
nothing of the host, and change it; observeBuckets takes in quotas; a hold becomes a pause; adapt changes the limits by
overload, refusals and lost connections; closeAfter and observeHealth end what is not worth more requests.

Words: a response is accepted (judge.Healthy), Erroring, Overloaded or Refused; a 5xx with Retry-After is doubtful. The
hold of a Verdict is a wait that the host asked for; a Hold is what keeps Tasks from starting. A width is a number of
exchanges at once, a rate is starts a second, a bucket is what a host counts requests under.

The files in an order to read them; each uses earlier ones only.

  - What is asked of a plan: limits.go, times.go, connection.go, task.go.
  - Counters and queues: meter.go, sentlog.go, pace.go (rate limit), taskheap.go, batch.go (packed Tasks).
  - What other processes leave: lease.go.
  - By refusals: pauses.go, ratelimit.go, smallburst.go, rateless.go, slowstart.go, volley.go, width.go, drops.go,
    queuelimit.go, outage.go, and throttle.go, which has one of each.
  - By failed pages: pageevidence.go, ratetrial.go, pagetrouble.go, failingpages.go; crowd.go; steadylimit.go;
    unavailable.go; overload.go.
  - By silence: health.go; closure.go.
  - By quotas: resetunit.go, slidingwindow.go, quotawindow.go, bucket.go, buckets.go, scout.go, learn.go.
  - A lane: hostlimits.go and share.go (what several have in common), lane.go, lanebuckets.go (the queue by
    buckets), lanestart.go (its next start).
  - Lanes together: heap.go, hostlanes.go.
  - A lane and Verdicts: lanelease.go, refusals.go, losses.go, adapt.go, observetrouble.go, observe.go; sharelanes.go.
  - The Plan: state.go, hold.go, shortage.go, connections.go (which lane is first), lanegroups.go,
    installments.go, spill.go and readahead.go (how many Tasks are in memory), leases.go, classify.go (which heap a
    lane is in), closing.go; plan.go and grant.go are what the run calls.
*/
package plan
