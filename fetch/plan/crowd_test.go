package plan

import (
	"math/rand/v2"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// playCrowd is playDrops with a 503 without Retry-After in place of a lost connection, so many at once at most, and
// answers that last so long. Each wait is up to a second, shorter than those of --retries 3 are.
func playCrowd(t *testing.T, n, atOnce int, lasts time.Duration, isRefused func(answered int) bool) *dropRun {
	t.Helper()
	v := overloaded()
	r := &dropRun{planDriver: newPlanDriver(t, func(l *testLimits) { l.HostConcurrency, l.Concurrency = atOnce, 64 }),
		isDropped: isRefused, refusal: &v, lasts: lasts}
	return r.play(t, n)
}

// TestHostOfFewAtOnce: a host that answers requests beyond a number at once by 503 without Retry-After, as nginx 1.22.1
// does by limit_conn and Traffic Server 9.2 by per_server.connection.max, is asked for that number. Of 40 downloads
// of 3.8 s with limit_conn 3 ten were lost, since the retries of each ended before a place was free.
func TestHostOfFewAtOnce(t *testing.T) {
	for _, atOnce := range []int{10, 64} {
		for _, allowed := range []int{1, 3, 8} {
			const n = 100
			r := playCrowd(t, n, atOnce, 4*time.Second, func(answered int) bool { return answered >= allowed })
			least := time.Duration(n/allowed) * 4 * time.Second
			t.Logf("%d of %d: %d refused, %d times at most; %s, %s at least",
				allowed, atOnce, r.drops, r.most, r.took, least)
			if r.most > 4 || r.drops > atOnce+40 {
				t.Errorf("%d of %d at once: %d refused, one request %d times", allowed, atOnce, r.drops, r.most)
			}
			if r.took > least*5/4+10*time.Second {
				t.Errorf("%d of %d at once: %s, %s at least", allowed, atOnce, r.took, least)
			}
		}
	}
}

// TestFailingPagesAreNoCrowd: a host that answers some requests by 503 whatever their number is not asked for fewer at
// once, for long: the refused part of one more at once is hardly larger than within the limit.
func TestFailingPagesAreNoCrowd(t *testing.T) {
	const least = 500 * 500 * time.Millisecond
	for _, share := range []float64{0.05, 0.2, 0.4} {
		const runs = 8
		var sum time.Duration
		for seed := range uint64(runs) {
			rng := rand.New(rand.NewPCG(3, seed))
			took := playCrowd(t, 5000, 10, 500*time.Millisecond, func(int) bool { return rng.Float64() < share }).took
			if sum += took; took > least*4/3 {
				t.Errorf("a share of %g, seed %d: %s, %s at least", share, seed, took, least)
			}
		}
		t.Logf("a share of %g: %s on average, %s at least", share, sum/runs, least)
		if sum/runs > least*9/8 {
			t.Errorf("a share of %g: %s on average, %s at least", share, sum/runs, least)
		}
	}
}

// TestMissesEndACrowd: a limit on the exchanges at once ends where requests are refused with no more of them under way.
func TestMissesEndACrowd(t *testing.T) {
	c, now := crowdLimit{}, began
	for others := range 4 {
		c.refuse(began, 9-others, now.Add(time.Millisecond))
	}
	if c.width.most != 6 {
		t.Fatalf("four of ten are refused: %d at once", c.width.most)
	}
	now = now.Add(time.Second)
	for i := range 2 {
		if c.width.most == 0 {
			t.Errorf("no limit after %d misses", i)
		}
		c.refuse(now, 5, now.Add(time.Millisecond))
	}
	if c.width.most != 0 {
		t.Errorf("two of two are refused within the limit: it is %d", c.width.most)
	}
}

// TestOneMoreTakenByChance: a limit that was raised as one more was taken by chance goes back to what it was found to
// be once more of them are refused. It was removed for a minute: of 1,000 requests to a host that takes two at once up
// to 30 were lost in simulated runs, of 300 that take 2 s each as many.
func TestOneMoreTakenByChance(t *testing.T) {
	c, now := crowdLimit{}, began
	for others := range 3 {
		c.refuse(began, 4-others, now.Add(time.Millisecond))
	}
	if c.width.most != 2 {
		t.Fatalf("three of five are refused: %d at once", c.width.most)
	}
	respond := func(isRefused bool, underWay int) {
		now = now.Add(time.Second)
		if isRefused {
			c.refuse(now, underWay-1, now.Add(time.Millisecond))
			return
		}
		c.take(now, load{underWay, 10, uint64(now.Sub(began)), 0}, now.Add(time.Millisecond))
	}
	for range 10 {
		respond(false, c.width.most)
	}
	if c.width.most != 3 || c.width.trying {
		t.Fatalf("one more is taken: %d at once", c.width.most)
	}
	for range 2 {
		respond(true, c.width.most)
	}
	if c.width.most != 2 {
		t.Fatalf("one more is refused again: %d at once", c.width.most)
	}
	for range 2 {
		respond(true, c.width.most)
	}
	if c.width.most != 0 {
		t.Errorf("all are refused within the limit: it is %d", c.width.most)
	}
}

// TestFailingPagesBesideLongDownloads: pages that fail now and then, beside downloads that go on meanwhile, don't make
// the downloads all that a host is asked for.
func TestFailingPagesBesideLongDownloads(t *testing.T) {
	for _, atOnce := range []int{2, 3, 10} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = atOnce })
		d.addTasks(3000, "a")
		d.startAll()
		d.exchanges = d.exchanges[:1] // the others are downloads, which go on
		for n := range 2000 {
			if d.startAll(); len(d.exchanges) == 0 {
				if _, wait := d.Next(d.now); wait == Never || wait > time.Minute {
					t.Fatalf("%d at once: no page starts after %d", atOnce, n)
				}
				d.awaitStart()
			}
			d.advance(50 * time.Millisecond)
			v := judge.Verdict{Fate: judge.Final, Health: judge.Healthy}
			if n%400 == 100 {
				v.Health = judge.Overloaded
			}
			d.end("a", v)
		}
	}
}

// TestVolleyOfACrowdEnds: exchanges that say nothing of their number end the count of a volley, too: one that never
// ended made each later failure lower the limit.
func TestVolleyOfACrowdEnds(t *testing.T) {
	for _, other := range []judge.Verdict{noAnswer(), throttled(), {}} {
		d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 2 })
		d.addTasks(10, "a")
		d.startAll()
		d.advance(time.Second)
		d.end("a", judge.Verdict{Health: judge.Overloaded})
		d.advance(time.Second)
		other.Fate = judge.Final
		d.end("a", other)
		if open := d.lanes["a"].overload.crowd.volley.open; open != 0 {
			t.Errorf("%d of the volley are open after %v", open, other.Health)
		}
	}
}
