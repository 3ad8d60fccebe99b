package plan

import (
	"fmt"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestBucketThatIsOutForLong: what is left of a bucket whose quota comes back too late fails, and nothing of another.
func TestBucketThatIsOutForLong(t *testing.T) {
	a := &apiBuckets{named: true, bucket: func(path string) string { return path }, windows: map[string]*fixedWindow{
		"/search": {n: 10, every: time.Hour}, "/users": {n: 5000, every: time.Hour}}}
	r := newAPIRun(t, 1, nil)
	r.answer = a.answer
	took := r.run(50, "/users", "/search")
	if r.lost != 40 || r.refused > 1 || r.succeeded != 60 || took > 2*time.Second {
		t.Errorf("%d succeeded, %d lost, %d refused in %s", r.succeeded, r.lost, r.refused, took)
	}
}

// TestBucketThatIsOutBeforeOthersAreAsked: the same where nothing else was asked before: a single request learns
// whether other paths are in another bucket, whether responses name it or not. Where they are not, all fails.
func TestBucketThatIsOutBeforeOthersAreAsked(t *testing.T) {
	hour := func(n int64) *fixedWindow { return &fixedWindow{n: n, every: time.Hour} }
	for _, tt := range []struct {
		name                  string
		bucket                func(path string) string
		named                 bool
		paths                 []string // the first is that which is out
		succeeded, asked, max int
	}{
		{"named", firstSegment, true, []string{"/search/1", "/users/1"}, 55, 55, 0},
		{"by nothing", firstSegment, false, []string{"/search/1", "/users/1"}, 55, 55, 0},
		{"three of them", firstSegment, false, []string{"/search/1", "/users/1", "/repos/1"}, 105, 105, 0},
		{"a path of one segment", firstSegment, false, []string{"/search", "/users"}, 55, 55, 0},
		{"below a version", lastSegment, false, []string{"/v1/search", "/v1/users"}, 55, 55, 0},
		{"one bucket for all", func(string) string { return "search" }, false, []string{"/search/1", "/users/1",
			"/repos/1"}, 5, 6, 1},
		{"one bucket for all, named", func(string) string { return "search" }, true, []string{"/search/1", "/users/1",
			"/repos/1"}, 5, 7, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := &apiBuckets{named: tt.named, limit: 5000, bucket: tt.bucket, windows: map[string]*fixedWindow{
				"search": hour(5), "users": hour(5000), "repos": hour(5000)}}
			r := newAPIRun(t, 1, func(l *testLimits) { l.HostConcurrency = 5 })
			r.answer = a.answer
			for i, path := range tt.paths {
				for range 50 {
					task := newTestTask("a", int64(i))
					task.Path = path
					task.addTo(r.plan, r.now)
					r.open++
				}
			}
			for r.open > 0 {
				r.step()
			}
			if r.ended.Sub(began) > time.Minute {
				t.Errorf("what is lost is told after %s", r.ended.Sub(began))
			}
			if r.succeeded != tt.succeeded || r.asked != tt.asked || r.refused != tt.max {
				t.Errorf("%d succeeded, %d asked, %d refused, %d lost", r.succeeded, r.asked, r.refused, r.lost)
			}
		})
	}
}

// TestPagesOfOnePlaceAreOneBucket: nothing is asked to learn of other buckets where the paths of a host differ in their
// last segment only, as numbers of pages do.
func TestPagesOfOnePlaceAreOneBucket(t *testing.T) {
	for _, dir := range []string{"/", "/items/", "/v1/items/"} {
		r := newAPIRun(t, 1, func(l *testLimits) { l.HostConcurrency = 3 })
		w := &fixedWindow{n: 7, every: time.Hour}
		r.answer = (&apiBuckets{bucket: func(string) string { return "" }, windows: map[string]*fixedWindow{"": w}}).answer
		var paths []string
		for i := range 40 {
			paths = append(paths, fmt.Sprint(dir, i))
		}
		if r.run(1, paths...); r.asked != 7 || r.lost != 33 {
			t.Errorf("%s: %d asked, %d lost", dir, r.asked, r.lost)
		}
	}
}

// newSearchIsOut returns a driver whose host has told in response to a single request, for /search/1, that its quota is
// out for an hour, while three for /users/1 wait. v is that response.
func newSearchIsOut(t *testing.T, v judge.Verdict) *planDriver {
	d := newPlanDriver(t, func(l *testLimits) { l.HostConcurrency = 1 })
	for _, path := range []string{"/search/1", "/users/1", "/users/1", "/users/1"} {
		d.lastSeq++
		task := newTestTask("a", d.lastSeq)
		task.Path = path
		task.addTo(d.Plan, d.now)
	}
	d.startAll()
	d.end("a", v)
	return d
}

// TestWhatAScoutShows: whether the paths of a scout are in the bucket that is out, by its response.
func TestWhatAScoutShows(t *testing.T) {
	spent, spentNamed, hold := withQuota(0, time.Hour, 100), withQuota(0, time.Hour, 100), refused(time.Hour)
	spentNamed.Bucket, hold.Bucket = "search", "search"
	left := withQuota(50, time.Hour, 100)
	named := withQuota(50, time.Hour, 100)
	named.Bucket = "users"
	const lost, started = "lost lost", "a"
	for name, tt := range map[string]struct {
		out, scout judge.Verdict
		want       string
	}{
		"another quota":                    {spent, left, started},
		"none":                             {spent, healthy(), started},
		"the same, and the last of it":     {spent, spent, lost},
		"a refusal":                        {spent, refusal(), lost},
		"a name":                           {spent, named, started},
		"another name":                     {spentNamed, named, started},
		"the same name":                    {spentNamed, spentNamed, lost},
		"a refusal without a name":         {spentNamed, refusal(), lost},
		"another name, not only a quota":   {hold, named, started},
		"a refusal after one with a hold ": {hold, refusal(), lost},
	} {
		d := newSearchIsOut(t, tt.out)
		d.expectStarts(name+": one of users", "a")
		d.expectStarts(name+": and no other", "")
		d.end("a", tt.scout)
		if tt.scout.Fate == judge.Retry { // not again
			if task, _ := d.nextTask(); task == nil || task.Lost == nil {
				t.Errorf("%s: the scout is asked again", name)
			}
		}
		d.exchanges, d.active = nil, 0
		d.expectStarts(name, tt.want)
	}
}

// TestScoutWithoutAResponse: where the request that was to learn a bucket brings no response, another one is sent.
func TestScoutWithoutAResponse(t *testing.T) {
	for _, named := range []string{"", "search"} {
		v := withQuota(0, time.Hour, 100)
		v.Bucket = named
		d := newSearchIsOut(t, v)
		d.expectStarts("one of users", "a")
		d.end("a", noAnswer())
		d.expectStarts("another one", "a")
		if v = withQuota(50, time.Hour, 100); named != "" {
			v.Bucket = "users"
		}
		d.end("a", v)
		d.expectStarts("the last one", "a")
	}
}

// TestScoutLeavesTheAssumedBucketAlone: a request that turns out to be in another bucket is no probe of the one that
// was assumed: what that tells afterwards still counts.
func TestScoutLeavesTheAssumedBucketAlone(t *testing.T) {
	a := &apiBuckets{named: true, bucket: func(path string) string { return path }, windows: map[string]*fixedWindow{}}
	var paths []string
	for i := range 20 {
		path := fmt.Sprintf("/channels/%d/messages", i)
		paths = append(paths, path)
		a.windows[path] = &fixedWindow{n: 5, every: 5 * time.Second}
	}
	r := newAPIRun(t, 3, nil)
	r.latency = 60 * time.Millisecond
	r.answer = a.answer
	if took := r.run(10, paths...); r.refused > 0 || took > 8*time.Second {
		t.Errorf("%d refused, took %s", r.refused, took)
	}
}

// TestScoutsAreCounted: none is left, and none kept, once its exchange has ended: be it of a path that no prefix was
// left for (a probe starts whatever its bucket allows) or of one that has a prefix.
func TestScoutsAreCounted(t *testing.T) {
	l := newLane("a", HostLimits{Concurrency: 1})
	l.buckets = newBuckets(0)
	s := l.buckets
	s.names = 1
	s.split()
	for i := range maxPrefixes {
		s.find(fmt.Sprint("/", i))
	}
	s.list[0].until = began.Add(time.Hour)
	for _, path := range []string{"/0", "/beyond"} {
		task := newTestTask("a", 1)
		task.Path, task.Verdict = path, healthy()
		l.assignStart(&task.Task, began)
		if p := s.find(path); s.scouts != 1 || p.scout != &task.Task {
			t.Fatalf("%s: %d scouts, want 1", path, s.scouts)
		}
		l.observeBuckets(&task.Task, &Limits{Adaptive: true}, began)
		if p := s.find(path); s.scouts != 0 || p.scout != nil {
			t.Errorf("%s: %d scouts are left, one of them %p", path, s.scouts, p.scout)
		}
	}
}
