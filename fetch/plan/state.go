package plan

import (
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/queue"
)

// A Plan decides which Task starts now, or how long until one may. It has all Tasks that wait, in one lane for each
// host. It has no clock, lock or goroutine of its own: now is an argument, which must never decrease, and only one
// goroutine at a time may call it.
//
// Of the lanes that may start a Task, the one with the most work (in seconds) goes first, so that the host that will
// take longest is always at its limit and the run ends as early as the limits allow. Every longestIdleEvery-th start
// goes to the lane whose last start is longest ago, so that no lane waits for ever. By chooseLane there are exceptions,
// so that few connections are made.
type Plan struct {
	limits Limits
	lanes  map[string]*lane       // by host
	hosts  map[string]*hostLanes  // by HostLimits.Within
	shares map[string]*shareLanes // by HostLimits.Share

	numbered []*lane  // by laneID-1; nil is one that has been deleted
	unused   []laneID // of lanes that have been deleted

	ready       laneHeap // lanes that may start a Task now, by their own limits; the most work first
	longestIdle laneHeap // the same lanes; the one whose last start is longest ago first
	warm        laneHeap // those of them for whose host there is a connection; in the order of longestIdle
	another     laneHeap // lanes whose start would make one more connection to their host; the longest without it first
	busy        laneHeap // lanes that may start a Task when one of their exchanges ends; the most work first
	timed       laneHeap // lanes that may start a Task at lane.due; the earliest first
	expiring    laneHeap // lanes without Tasks that may be deleted at lane.due; the earliest first

	heaps [heapNames]*laneHeap // ready, another, busy, timed and expiring, by their heapName; inNone has none

	invalid  queue.Queue[*Task]       // Tasks without a host
	failed   queue.Queue[*Task]       // Tasks that end without another exchange
	closing  queue.Queue[closingLane] // lanes whose spilled Tasks end without an exchange
	unsorted queue.Queue[*lane]       // lanes of which more Tasks are to be sorted when failed is empty

	active      int // Tasks that Next has returned, and that are not done
	uncommitted int // exchanges that have ended and count as under way; see SetUncommitted
	inMemory    int // Tasks in lanes, without spilled ones

	pace            pace
	turn            uint64         // the last number that was given to a lane as its turn
	starts          uint64         // how many Tasks have started
	typicalExchange time.Duration  // moving average of connections.ofExchange
	serial          float64        // seconds that Tasks in lanes take one after the other, as far as known of their hosts
	untimed         int            // the other Tasks in lanes
	idle            int            // the sum of connections.idle
	shortUntil      time.Time      // until then few connections are made, see observeShortage
	coldAt          time.Time      // until then none is
	typicalLatency  time.Duration  // moving average over all hosts, for lanes without an exchange yet
	tasksByHold     [holdKinds]int // Tasks in lanes, by what keeps these from starting
	starved         bool           // more exchanges may be under way, and no lane has a Task that may start
	hasIdleSlots    bool           // more exchanges may be under way, and no Task is to start
	spill           spill
	asksSooner      bool      // an Ask is due sooner than Asks has said
	nextAsk         time.Time // when one is
	returnedLeases  []Ask     // what deleted lanes give back
}

// New returns a plan without Tasks. Where codec is nil, no Task is ever spilled.
func New(l Limits, codec Codec) *Plan {
	runPace := newPace(l.Rate)
	if l.Shared {
		runPace = pace{} // each Slot of a lane is within it
	}
	p := &Plan{
		limits:      l,
		lanes:       make(map[string]*lane),
		hosts:       make(map[string]*hostLanes),
		shares:      make(map[string]*shareLanes),
		ready:       laneHeap{indexAt: 0, before: hasMoreWork},
		longestIdle: laneHeap{indexAt: 1, before: isLongerIdle},
		warm:        laneHeap{indexAt: 2, before: isLongerIdle},
		another:     laneHeap{indexAt: 0, before: isLongerAlone},
		busy:        laneHeap{indexAt: 0, before: hasMoreWork},
		timed:       laneHeap{indexAt: 0, before: isDueSooner},
		expiring:    laneHeap{indexAt: 0, before: isDueSooner},
		pace:        runPace,
		spill:       spill{codec: codec, freeBytes: l.SpillBytes},
	}
	p.heaps = [...]*laneHeap{inReady: &p.ready, inAnother: &p.another, inBusy: &p.busy, inTimed: &p.timed,
		inExpiring: &p.expiring}
	return p
}

// Never is the wait that Next returns where no Task may start until one is done or added.
const Never = time.Duration(-1)

// longestIdleEvery is the number of starts of which one goes to the lane whose last start is longest ago.
const longestIdleEvery = 8

// spill is a plan's account of its spilled Tasks: how many there are, and how many more may be.
type spill struct {
	codec     Codec     // nil: no Task can be spilled
	freeBytes int64     // bytes left of Limits.SpillBytes
	usedBytes int64     // bytes that batches take
	count     int       // Tasks in batches
	excess    int       // Tasks that could be spilled: the sum of lane.excess
	lastGrant time.Time // when the last installment was granted, or not needed
	starts    uint64    // Plan.starts then
	credit    int       // Tasks left to read of that installment; once Tasks are spilled, left to spill
}

// dropBatches drops all batches, and returns how many Tasks were in them.
func (s *spill) dropBatches() int64 {
	count := s.count
	s.freeBytes += s.usedBytes
	s.count, s.usedBytes = 0, 0
	return int64(count)
}

// keptTasks is how many Tasks a lane keeps in memory when others of it are spilled.
const keptTasks = 8

// closingLane is a lane that was closed while it had spilled Tasks, and why these fail. The lane may be open again
// before they do.
type closingLane struct {
	lane *lane
	why  *failure.Failure
}

// numberLane gives a new lane an ID.
func (p *Plan) numberLane(l *lane) {
	if last := len(p.unused) - 1; last >= 0 {
		l.id = p.unused[last]
		p.unused = p.unused[:last]
		p.numbered[l.id-1] = l
		return
	}
	p.numbered = append(p.numbered, l)
	l.id = laneID(len(p.numbered)) //nolint:gosec // lanes take far more memory each than there is for so many
}

// laneByID returns a lane, which has not been deleted; nil for 0.
func (p *Plan) laneByID(id laneID) *lane {
	if id == 0 {
		return nil
	}
	return p.numbered[id-1]
}

// Fail ends a Task without another exchange. Next returns it with Lost set, so that every Task ends the same way.
func (p *Plan) Fail(t *Task, why *failure.Failure) {
	t.lane, t.Lost = 0, why
	p.failed.Push(t)
}
