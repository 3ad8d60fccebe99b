package fetch

import (
	"container/heap"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// A rehearsal plays a whole run to a plan on virtual time: a list of requests read through the look-ahead window as the scheduler
// reads it, and hosts that take as long as they take.
type rehearsal struct {
	plan    *plan
	list    []int32 // the host of each request, in the order of the input
	took    []time.Duration
	names   []string
	now     time.Time
	flights flightHeap
	read    int
	open    int
	asleep  []*task // set aside
	most    int     // Tasks in memory at once
}

type flight struct {
	at   time.Time
	task *task
}

type flightHeap []flight

func (h flightHeap) Len() int           { return len(h) }
func (h flightHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h flightHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push is container/heap's.
func (h *flightHeap) Push(x any) { *h = append(*h, x.(flight)) }

// Pop is container/heap's.
func (h *flightHeap) Pop() any {
	last := len(*h) - 1
	f := (*h)[last]
	*h = (*h)[:last]
	return f
}

// perform runs the list to its end and returns how long it took.
func (r *rehearsal) perform() time.Duration {
	began := r.now
	for r.read < len(r.list) || r.open > 0 {
		r.admit()
		wait := r.startAll()
		if len(r.flights) == 0 && wait == never {
			if r.read == len(r.list) {
				panic(fmt.Sprintf("%d tasks wait for nothing", r.open))
			}
			continue // the next look at the window makes room
		}
		r.land(wait)
	}
	return r.now.Sub(began)
}

func (r *rehearsal) full() bool {
	return r.plan.windowFull(r.open-r.plan.aside.count, false, r.now)
}

func (r *rehearsal) admit() {
	for n := 0; n < backlog && r.read < len(r.list) && !r.full(); n++ {
		t := &task{seq: int64(r.read), target: target{Target: Target{host: r.names[r.list[r.read]]}}, attempts: 0}
		r.read++
		r.open++
		r.plan.add(t, r.now)
		r.most = max(r.most, r.open-r.plan.aside.count)
	}
}

func (r *rehearsal) startAll() time.Duration {
	for {
		t, wait := r.plan.next(r.now)
		if t == nil {
			return wait
		}
		heap.Push(&r.flights, flight{r.now.Add(r.took[r.list[t.seq]]), t})
	}
}

func (r *rehearsal) land(wait time.Duration) {
	next := r.now.Add(time.Hour)
	if len(r.flights) > 0 {
		next = r.flights[0].at
	}
	if wait != never && r.now.Add(wait).Before(next) {
		next = r.now.Add(wait)
	}
	if next.After(r.now) {
		r.now = next
	}
	for len(r.flights) > 0 && !r.flights[0].at.After(r.now) {
		f := heap.Pop(&r.flights).(flight)
		f.task.verdict = Verdict{Health: Well}
		r.plan.done(f.task, r.now)
		r.open--
	}
}

// bound is the least time that the list can take: the larger of all work shared by all places, and the longest host's own.
func (r *rehearsal) bound() time.Duration {
	counts := make([]float64, len(r.names))
	for _, host := range r.list {
		counts[host]++
	}
	var all, longest float64
	o := r.plan.options
	for host, n := range counts {
		work := n * r.took[host].Seconds()
		all += work
		own := work / float64(o.HostConcurrency)
		if o.HostRate > 0 {
			own = max(own, (n-1)/o.HostRate+r.took[host].Seconds())
		}
		longest = max(longest, own)
	}
	return time.Duration(max(all/float64(o.Concurrency), longest) * float64(time.Second))
}

// rehearse makes a list of n requests over so many hosts, the share of each after Zipf's law, in the order named.
func rehearse(n, hosts int, order string, change func(*Options)) *rehearsal {
	rng := rand.New(rand.NewPCG(11, 12))
	r := &rehearsal{plan: newPlan(options(change)), now: noon, took: make([]time.Duration, hosts), names: make([]string, hosts)}
	for i := range hosts {
		r.names[i] = fmt.Sprintf("https://%d.test", i)
		r.took[i] = time.Duration(20+rng.IntN(180)) * time.Millisecond
	}
	var sum float64
	for i := range hosts {
		sum += 1 / float64(i+1)
	}
	for i := range hosts {
		share := int(math.Ceil(float64(n) / float64(i+1) / sum))
		for range min(share, n-len(r.list)) {
			r.list = append(r.list, int32(i))
		}
	}
	switch order {
	case "shuffled":
		rng.Shuffle(len(r.list), func(i, j int) { r.list[i], r.list[j] = r.list[j], r.list[i] })
	case "smallest host first":
		slices.Reverse(r.list)
	}
	r.plan.aside.pack = func(tasks []*task) []byte {
		from := len(r.asleep)
		r.asleep = append(r.asleep, slices.Clone(tasks)...)
		return binary.AppendUvarint(binary.AppendUvarint(make([]byte, 0, 20*len(tasks)), uint64(from)), uint64(len(tasks)))
	}
	r.plan.aside.unpack = func(packed []byte) []*task {
		from, n := binary.Uvarint(packed)
		count, _ := binary.Uvarint(packed[n:])
		return r.asleep[from : from+count]
	}
	return r
}

var orders = []string{"shuffled", "largest host first", "smallest host first"}

// TestFinishingTime: in an order in which the window reaches past the slow hosts a run ends within a tenth of the least time possible,
// and no more requests than the look-ahead are in memory, but for parcels that have just come back.
func TestFinishingTime(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"places are scarce":    func(o *Options) { o.Concurrency = 50 },
		"one host is slowest":  func(o *Options) { o.Concurrency = 1000 },
		"hosts have a rate":    func(o *Options) { o.HostRate = 20 },
		"a window that is low": func(o *Options) { o.Lookahead, o.Concurrency = 1000, 200 },
	} {
		for _, order := range orders[:2] {
			t.Run(name+", "+order, func(t *testing.T) {
				t.Parallel()
				r := rehearse(100_000, 1000, order, change)
				took, least := r.perform(), r.bound()
				if ratio := took.Seconds() / least.Seconds(); ratio > 1.10 || ratio < 1 {
					t.Errorf("took %s, the least is %s: %.3f", took, least, ratio)
				}
				if r.most > r.plan.options.Lookahead+r.plan.options.Lookahead/10 {
					t.Errorf("%d requests were in memory", r.most)
				}
				if r.plan.aside.count != 0 || r.plan.aside.bytes != 0 || r.plan.aside.surplus != 0 {
					t.Errorf("left aside: %d, %d bytes, %d too many", r.plan.aside.count, r.plan.aside.bytes, r.plan.aside.surplus)
				}
			})
		}
	}
}

// BenchmarkFinish rehearses a million requests over 10,000 hosts and prints how much longer than the least time they take.
func BenchmarkFinish(b *testing.B) {
	for _, concurrency := range []int{50, 1000} {
		for _, order := range orders {
			b.Run(fmt.Sprintf("j=%d, %s", concurrency, order), func(b *testing.B) {
				var took, least time.Duration
				for b.Loop() {
					r := rehearse(1_000_000, 10_000, order, func(o *Options) { o.Concurrency = concurrency })
					took, least = r.perform(), r.bound()
				}
				b.ReportMetric(took.Seconds()/least.Seconds(), "x-least")
			})
		}
	}
}
