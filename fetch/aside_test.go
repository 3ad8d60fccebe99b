package fetch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// newAsideDrive is a drive whose plan can set Tasks aside: they only change hands.
func newAsideDrive(t *testing.T, change func(*Options)) *drive {
	d := newDrive(t, change)
	var shelf [][]*task
	d.aside.pack = func(tasks []*task) []byte {
		shelf = append(shelf, slices.Clone(tasks))
		return []byte{byte(len(shelf) - 1)}
	}
	d.aside.unpack = func(packed []byte) []*task { return shelf[packed[0]] }
	return d
}

// TestSetAsideKeepsTheOrder: what was set aside, what comes behind it and what stayed start in the order in which they came.
func TestSetAsideKeepsTheOrder(t *testing.T) {
	d := newAsideDrive(t, func(o *Options) { o.HostConcurrency, o.Lookahead = 1, 100 })
	d.ask(200, "a")
	d.start()
	if d.relieve(d.lanes["a"], 37, d.now) != 37 || d.aside.count != 32 {
		t.Fatalf("%d of 37 were packed", d.aside.count)
	}
	d.ask(3, "a")
	if !d.makeRoom(d.installment(), d.now) {
		t.Fatal("no more was set aside, before what has been")
	}
	d.ask(100, "a")
	if d.size+d.aside.count != 302 || d.size > asideKeep+parcelTasks {
		t.Errorf("%d in memory and %d aside", d.size, d.aside.count)
	}
	var order []int64
	for len(d.flights) > 0 {
		order = append(order, d.land("a", well()).seq)
		d.start()
	}
	if len(order) != 303 || !slices.IsSorted(order) {
		t.Errorf("%d started, in order: %v", len(order), slices.IsSorted(order))
	}
	if d.aside.count != 0 || d.aside.bytes != 0 || d.aside.room != d.options.Aside || d.aside.surplus != 0 {
		t.Errorf("left: %+v", d.aside)
	}
}

// TestNothingIsSetAsideWithoutNeed: not while places are taken, or another host could run; not more than there is memory for.
func TestNothingIsSetAsideWithoutNeed(t *testing.T) {
	for name, tt := range map[string]struct {
		with func(*Options)
		want bool
	}{
		"a host at its limit":  {func(o *Options) { o.HostConcurrency = 1 }, true},
		"no place is free":     {func(o *Options) { o.Concurrency = 1 }, false},
		"no memory allowed":    {func(o *Options) { o.HostConcurrency, o.Aside = 1, 0 }, false},
		"the window is larger": {func(o *Options) { o.HostConcurrency, o.Lookahead = 1, 100_000 }, false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newAsideDrive(t, func(o *Options) { o.Lookahead = 1000; tt.with(o) })
			d.aside.made = d.now // the trickle has just had its turn
			d.ask(1000, "a")
			d.start()
			if got := d.makeRoom(d.installment(), d.now); got != tt.want {
				t.Errorf("made room: %v", got)
			}
		})
	}
}

// TestReadingGoesOnInATrickle: while all places are taken, what lies ahead is still looked at, a piece each quarter of a second,
// so that the host that will take longest is seen early.
func TestReadingGoesOnInATrickle(t *testing.T) {
	d := newAsideDrive(t, func(o *Options) { o.Concurrency, o.Lookahead = 1, 1000 })
	d.ask(1000, "a")
	d.start()
	if !d.makeRoom(d.installment(), d.now) {
		t.Fatal("not even once")
	}
	d.ask(1000, "b")
	if d.makeRoom(d.installment(), d.now) {
		t.Error("at once again")
	}
	d.pass(trickleEvery)
	if !d.makeRoom(d.installment(), d.now) {
		t.Error("not a quarter of a second later either")
	}
}

// TestTriedTasksStayInMemory: only what is a Request and no more can be packed.
func TestTriedTasksStayInMemory(t *testing.T) {
	d := newAsideDrive(t, func(o *Options) { o.HostConcurrency, o.Lookahead = 1, 100 })
	d.ask(200, "a")
	for range 20 {
		d.start()
		d.flights[0].attempts = 1
		d.land("a", Verdict{Fate: Retry, Health: Well})
	}
	d.start()
	d.makeRoom(d.installment(), d.now)
	if tried := d.lanes["a"].fresh.len() - asideKeep; tried != 20 {
		t.Errorf("%d tried tasks are in memory", tried)
	}
}

// TestDeadHostsAsideIsFailedPieceByPiece: what a closed host has set aside ends without being asked, and without coming back at once.
func TestDeadHostsAsideIsFailedPieceByPiece(t *testing.T) {
	d := newAsideDrive(t, func(o *Options) { o.HostConcurrency, o.Lookahead = 1, 100 })
	d.ask(500, "a")
	d.start()
	d.makeRoom(d.installment(), d.now)
	d.land("a", refusal(time.Hour))
	for range 2 {
		d.start()
		d.land("a", refusal(time.Hour))
	}
	lost, most := 0, 0
	for {
		task, _ := d.next(d.now)
		if task == nil {
			break
		}
		if task.lost == nil || task.lost.Kind != RateLimited {
			t.Fatalf("task %d: %v", task.seq, task.lost)
		}
		lost++
		most = max(most, d.lost.len())
		d.done(task, d.now)
	}
	if lost != 497 || most > 2*asideKeep+2*parcelTasks || d.size != 0 || d.aside.count != 0 {
		t.Errorf("%d are lost, %d at once, %d and %d left", lost, most, d.size, d.aside.count)
	}
}

// TestAClosedHostMayOpenWhileItsAsideEnds: the last word on what it had set aside is that of the time when it was closed.
func TestAClosedHostMayOpenWhileItsAsideEnds(t *testing.T) {
	d := newAsideDrive(t, func(o *Options) { o.HostConcurrency, o.Lookahead, o.Concurrency = 4, 100, 5 })
	d.ask(500, "a")
	d.start()
	d.makeRoom(d.installment(), d.now)
	for range 3 {
		d.land("a", refusal(time.Minute))
	}
	d.pass(2 * time.Minute)
	d.land("a", well()) // flew before
	d.ask(1, "a")
	for range 600 {
		task, wait := d.next(d.now)
		if task == nil {
			if wait == never {
				break
			}
			d.pass(wait)
			continue
		}
		if d.done(task, d.now); task.lost == nil {
			if task.seq != 501 || d.aside.count != 0 {
				t.Errorf("task %d starts with %d aside", task.seq, d.aside.count)
			}
			return
		}
		if task.lost.RetryAfter != time.Minute {
			t.Fatalf("says %+v", task.lost)
		}
	}
	t.Error("the lane does not open again")
}

func TestRestCountsWhatIsAside(t *testing.T) {
	d := newAsideDrive(t, func(o *Options) { o.HostConcurrency, o.Lookahead = 1, 100 })
	d.ask(500, "a")
	d.start()
	d.makeRoom(d.installment(), d.now)
	rest, aside := d.rest(d.now)
	if len(rest)+int(aside) != 499 || aside < 400 {
		t.Errorf("%d and %d", len(rest), aside)
	}
	d.land("a", well())
	d.wants("nothing is left", "")
	if len(d.lanes) != 0 {
		t.Error("but a lane")
	}
}

// TestLongPrefixHidesNobody: behind twenty thousand lines of one slow host stand a hundred of another. With a window of a thousand
// the second is done long before the first.
func TestLongPrefixHidesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var last time.Duration
		shelf := new(shelf)
		sink := SinkFunc(func(r *Record) error {
			if strings.HasPrefix(r.Request.URL, "http://second.test/") {
				last = time.Since(began)
			}
			return shelf.Put(r)
		})
		source := Concat(urls(20_000, "http://first.test"), urls(100, "http://second.test"))
		o := options(func(o *Options) { o.Lookahead = 1000 })
		s, err := runOver(t.Context(), source, sink, o, taking(100*time.Millisecond))
		if err != nil || s.Succeeded != 20_100 {
			t.Fatalf("%+v, %v", s, err)
		}
		if last > 2*time.Second || s.Elapsed > 201*time.Second {
			t.Errorf("the second host's last answer came after %s, the run took %s", last, s.Elapsed)
		}
		if s.LimitedBy != LimitHostConcurrency || s.LimitedHost != "http://first.test" {
			t.Errorf("limited by %s on %s", s.LimitedBy, s.LimitedHost)
		}
	})
}

// TestStopCountsWhatIsAside: a run that ends early has read more than it had in memory, and counts it.
func TestStopCountsWhatIsAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := options(func(o *Options) { o.Lookahead, o.Deadline = 1000, 10*time.Second })
		s, err := runOver(context.Background(), urls(20_000, "http://a.test"), &shelf{}, o, taking(time.Second))
		if err != nil || s.Stopped != StopDeadline {
			t.Fatalf("%+v, %v", s, err)
		}
		if got := fmt.Sprint(s.Total, s.Succeeded+s.Failed+s.NotStarted); got != "20000 20000" {
			t.Errorf("%s: %+v", got, s)
		}
	})
}
