package plan

import (
	"container/heap"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// A virtualRun is a whole run in virtual time: a list of requests, read through the look-ahead window as the scheduler
// reads it, to hosts whose exchanges take a fixed time each.
type virtualRun struct {
	limits       *testLimits
	plan         *Plan
	requests     []int32         // the host of each request, in the order of the input
	latencies    []time.Duration // of each host
	hosts        []string        // their names
	now          time.Time
	running      exchangeHeap
	read         int // requests that were read
	open         int // requests that were read and have not ended
	mostInMemory int // Tasks in memory at once
}

// readAtOnce is how many requests are read between two calls of the plan.
const readAtOnce = 256

// A timedTask is an exchange under way in a virtualRun, and when it ends.
type timedTask struct {
	at   time.Time
	task *testTask
}

// exchangeHeap is a heap of exchanges under way for container/heap, with the earliest end on top.
type exchangeHeap []timedTask

func (h exchangeHeap) Len() int           { return len(h) }
func (h exchangeHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h exchangeHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *exchangeHeap) Push(x any) { *h = append(*h, x.(timedTask)) }

// Pop implements heap.Interface.
func (h *exchangeHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// runToEnd runs until all requests have ended, and returns the virtual time that this took.
func (r *virtualRun) runToEnd() time.Duration {
	began := r.now
	for r.read < len(r.requests) || r.open > 0 {
		r.readRequests()
		wait := r.startAll()
		if len(r.running) == 0 && wait == Never {
			if r.read == len(r.requests) {
				panic(fmt.Sprintf("%d tasks wait for nothing", r.open))
			}
			continue // the next call of Full makes room
		}
		r.sleepUntilEvent(wait)
	}
	return r.now.Sub(began)
}

func (r *virtualRun) isFull() bool {
	return r.plan.Full(r.open-r.plan.Spilled(), 0, false, r.now)
}

// readRequests adds requests to the plan until it is full, at most readAtOnce.
func (r *virtualRun) readRequests() {
	for n := 0; n < readAtOnce && r.read < len(r.requests) && !r.isFull(); n++ {
		t := newTestTask(r.hosts[r.requests[r.read]], int64(r.read))
		r.read++
		r.open++
		t.addTo(r.plan, r.now)
		r.mostInMemory = max(r.mostInMemory, r.open-r.plan.Spilled())
	}
}

// startAll starts all that may start, and returns the plan's wait.
func (r *virtualRun) startAll() time.Duration {
	for {
		started, wait := r.plan.Next(r.now)
		if started == nil {
			return wait
		}
		t := started.Owner.(*testTask)
		heap.Push(&r.running, timedTask{r.now.Add(r.latencies[r.requests[t.seq]]), t})
	}
}

// sleepUntilEvent advances the time to the end of the next exchange or of the plan's wait, and ends the exchanges that
// are over by then.
func (r *virtualRun) sleepUntilEvent(wait time.Duration) {
	next := r.now.Add(time.Hour)
	if len(r.running) > 0 {
		next = r.running[0].at
	}
	if wait != Never && r.now.Add(wait).Before(next) {
		next = r.now.Add(wait)
	}
	if next.After(r.now) {
		r.now = next
	}
	for len(r.running) > 0 && !r.running[0].at.After(r.now) {
		t := heap.Pop(&r.running).(timedTask).task
		t.Verdict = judge.Verdict{Health: judge.Healthy}
		r.plan.Done(&t.Task, r.now)
		r.open--
	}
}

// leastTime is a lower bound of the time that the requests take: the time of all of them at full concurrency, or of the
// slowest host by its own limits, whichever is larger.
func (r *virtualRun) leastTime() time.Duration {
	counts := make([]float64, len(r.hosts))
	for _, host := range r.requests {
		counts[host]++
	}
	var all, longest float64
	l := r.limits
	for host, n := range counts {
		work := n * r.latencies[host].Seconds()
		all += work
		own := work / float64(l.HostConcurrency)
		if l.HostRate > 0 {
			own = max(own, (n-1)/l.HostRate+r.latencies[host].Seconds())
		}
		longest = max(longest, own)
	}
	return time.Duration(max(all/float64(l.Concurrency), longest) * float64(time.Second))
}

// newVirtualRun returns a run of n requests to that many hosts, whose shares follow Zipf's law, in one of inputOrders.
func newVirtualRun(n, hosts int, order string, change func(*testLimits)) *virtualRun {
	rng := rand.New(rand.NewPCG(11, 12))
	l := usualLimits(change)
	r := &virtualRun{limits: l, plan: New(l.Limits, new(indexCodec)), now: began,
		latencies: make([]time.Duration, hosts), hosts: make([]string, hosts)}
	for i := range hosts {
		r.hosts[i] = fmt.Sprintf("https://%d.test", i)
		r.latencies[i] = time.Duration(20+rng.IntN(180)) * time.Millisecond
	}
	var sum float64
	for i := range hosts {
		sum += 1 / float64(i+1)
	}
	for i := range hosts {
		share := int(math.Ceil(float64(n) / float64(i+1) / sum))
		for range min(share, n-len(r.requests)) {
			r.requests = append(r.requests, int32(i))
		}
	}
	switch order {
	case "shuffled":
		rng.Shuffle(len(r.requests), func(i, j int) { r.requests[i], r.requests[j] = r.requests[j], r.requests[i] })
	case "smallest host first":
		slices.Reverse(r.requests)
	}
	return r
}

var inputOrders = []string{"shuffled", "largest host first", "smallest host first"}

// TestFinishingTime: where the window reaches beyond the requests of the slow hosts, a run ends within a tenth of
// leastTime, and the requests in memory are at most those of the look-ahead and of batches just unpacked.
func TestFinishingTime(t *testing.T) {
	for name, change := range map[string]func(*testLimits){
		"concurrency is scarce": func(l *testLimits) { l.Concurrency = 50 },
		"one host is slowest":   func(l *testLimits) { l.Concurrency = 1000 },
		"hosts have a rate":     func(l *testLimits) { l.HostRate = 20 },
		"a window that is low":  func(l *testLimits) { l.Lookahead, l.Concurrency = 1000, 200 },
	} {
		for _, order := range inputOrders[:2] {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				r := newVirtualRun(100_000, 1000, order, change)
				took, least := r.runToEnd(), r.leastTime()
				if ratio := took.Seconds() / least.Seconds(); ratio > 1.10 || ratio < 1 {
					t.Errorf("took %s, the least is %s: %.3f", took, least, ratio)
				}
				if r.mostInMemory > r.limits.Lookahead+r.limits.Lookahead/10 {
					t.Errorf("%d requests were in memory", r.mostInMemory)
				}
				if left := r.plan.spill; left.count != 0 || left.usedBytes != 0 || left.excess != 0 {
					t.Errorf("left of what was spilled: %d, %d bytes, %d in excess", left.count, left.usedBytes,
						left.excess)
				}
			})
		}
	}
}

// TestSlowHostBehindOthers: a slow host behind the requests of many hosts that take all places, but start too few for
// the window to move on by itself, is seen early enough.
func TestSlowHostBehindOthers(t *testing.T) {
	const fast = 40
	r := &virtualRun{limits: usualLimits(func(l *testLimits) { l.Concurrency, l.HostConcurrency = 64, 8 }), now: began}
	r.plan = New(r.limits.Limits, new(indexCodec))
	for host := range int32(fast) {
		r.addHost(10*time.Millisecond, host, 700)
	}
	r.addHost(40*time.Millisecond, fast, 1500)
	took, least := r.runToEnd(), r.leastTime()
	if ratio := took.Seconds() / least.Seconds(); ratio > 1.35 {
		t.Errorf("took %s, the least is %s: %.3f", took, least, ratio)
	}
}

// addHost adds a host, whose number is the next, with n requests.
func (r *virtualRun) addHost(latency time.Duration, host int32, n int) {
	r.hosts = append(r.hosts, fmt.Sprintf("https://%d.test", host))
	r.latencies = append(r.latencies, latency)
	r.requests = append(r.requests, slices.Repeat([]int32{host}, n)...)
}

// BenchmarkFinish runs a million requests to 10,000 hosts in virtual time, and reports that time as a multiple of
// leastTime.
func BenchmarkFinish(b *testing.B) {
	for _, concurrency := range []int{50, 1000} {
		for _, order := range inputOrders {
			b.Run(fmt.Sprintf("j=%d, %s", concurrency, order), func(b *testing.B) {
				var took, least time.Duration
				for b.Loop() {
					r := newVirtualRun(1_000_000, 10_000, order, func(l *testLimits) { l.Concurrency = concurrency })
					took, least = r.runToEnd(), r.leastTime()
				}
				b.ReportMetric(took.Seconds()/least.Seconds(), "x-least")
			})
		}
	}
}
