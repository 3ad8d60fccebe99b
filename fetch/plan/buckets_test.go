package plan

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// apiBuckets is a host with a fixed window for each bucket.
type apiBuckets struct {
	windows map[string]*fixedWindow
	bucket  func(path string) string // the bucket of a path
	named   bool                     // responses name it
	limit   int64                    // that all responses tell; 0 is that of the window
}

func (a *apiBuckets) answer(path string, now time.Time, _ int) judge.Verdict {
	name := a.bucket(path)
	w := a.windows[name]
	ok, left, reset := w.take(now)
	v := healthy()
	if !ok {
		v = refusal()
		v.Hold = reset
	}
	if a.named {
		v.Bucket = name
	}
	q := judge.Quota{Remaining: left, Reset: reset, Limit: w.n}
	if a.limit > 0 {
		q.Limit = a.limit
	}
	v.Quotas = []judge.Quota{q}
	return v
}

// TestBucketsThatAreNamed: the requests of a bucket that is used up hold up none of another.
func TestBucketsThatAreNamed(t *testing.T) {
	a := &apiBuckets{named: true, bucket: func(path string) string {
		if path == "/search" {
			return "search"
		}
		return "core"
	}, windows: map[string]*fixedWindow{
		"search": {n: 10, every: 20 * time.Second}, "core": {n: 5000, every: time.Hour},
	}}
	r := newAPIRun(t, 1, nil)
	r.answer = a.answer
	took := r.run(30, "/search", "/repos", "/users")
	if r.lost > 0 || r.succeeded != 90 || r.refused > 10 {
		t.Errorf("%d succeeded, %d lost, %d refused", r.succeeded, r.lost, r.refused)
	}
	if core := r.byPath["/users"].Sub(began); core > 2*time.Second || took > 42*time.Second {
		t.Errorf("core took %s, all %s", core, took)
	}
}

// TestBucketOfPathsNotAskedYet: where responses name their buckets, one that is used up does not hold up paths that are
// not known to be in it: a single request learns their bucket.
func TestBucketOfPathsNotAskedYet(t *testing.T) {
	d := newPlanDriver(t, nil)
	d.addTasks(20, "a")
	for _, l := range d.lanes {
		tasks := l.removeTasks()
		for i, task := range tasks {
			if task.Path = "/core"; i >= 10 {
				task.Path = "/search"
			}
			l.push(task, d.now)
		}
	}
	told := func(bucket string, left int64) judge.Verdict {
		v := withQuota(left, 30*time.Second, 30)
		v.Bucket = bucket
		return v
	}
	d.startAll() // the ten of core
	for range 10 {
		d.end("a", told("core", 0))
	}
	d.expectStarts("one of search", "a")
	d.advance(time.Second)
	d.expectStarts("and no other", "")
	d.end("a", told("search", 7))
	d.expectStarts("those that are left of search", "a a a a a a a")
	for left := int64(6); len(d.exchanges) > 0; left-- {
		d.end("a", told("search", left))
	}
	d.addTasks(5, "a") // of another path
	d.expectStarts("one of a third path", "a")
	d.end("a", told("core", 0))
	d.advance(time.Second)
	d.expectStarts("it is of core too", "")
	d.expectLimit(HoldQuota)
}

// TestBucketForEachChannel: buckets that only the second segment tells apart, twenty of them with 5 in 2 s each.
func TestBucketForEachChannel(t *testing.T) {
	a := &apiBuckets{named: true, bucket: func(path string) string { return path }, windows: map[string]*fixedWindow{}}
	var paths []string
	for i := range 20 {
		path := fmt.Sprintf("/channels/%d", i)
		paths = append(paths, path)
		a.windows[path] = &fixedWindow{n: 5, every: 2 * time.Second}
	}
	r := newAPIRun(t, 1, nil)
	r.answer = a.answer
	took := r.run(15, paths...)
	t.Logf("%s, %d refused", took, r.refused)
	if r.lost > 0 || r.succeeded != 300 || r.refused > 20 || took > 7*time.Second {
		t.Errorf("%d succeeded, %d lost, %d refused in %s, best is 4 s", r.succeeded, r.lost, r.refused, took)
	}
}

// TestBucketsThatNothingNames: where the same fields tell the quotas of several endpoints, these are told apart by
// their paths as soon as responses contradict each other.
func TestBucketsThatNothingNames(t *testing.T) {
	for name, limit := range map[string]int64{"one limit for both": 900, "a limit for each": 0} {
		for _, depth := range []string{"", "/v1"} {
			t.Run(name+depth, func(t *testing.T) {
				a := &apiBuckets{limit: limit, windows: map[string]*fixedWindow{
					depth + "/search": {n: 15, every: 30 * time.Second}, depth + "/users": {n: 900, every: 30 * time.Second}},
					bucket: func(path string) string { return path }}
				r := newAPIRun(t, 1, nil)
				r.answer = a.answer
				users := make([]string, 0, 20)
				users = append(users, depth+"/search")
				for range 10 {
					users = append(users, depth+"/users")
				}
				took := r.run(30, users...)
				if r.lost > 0 || r.succeeded != 330 || r.refused > 12 || took > 32*time.Second {
					t.Errorf("%d succeeded, %d lost, %d refused in %s", r.succeeded, r.lost, r.refused, took)
				}
				if users := r.byPath[depth+"/users"].Sub(began); users > 3*time.Second {
					t.Errorf("users took %s", users)
				}
			})
		}
	}
}

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

func firstSegment(path string) string {
	first, _, _ := strings.Cut(path[1:], "/")
	return first
}

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

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

// TestBucketsAreBounded: a host that names a bucket for each request does not make the lane grow, and all is asked.
func TestBucketsAreBounded(t *testing.T) {
	n := 0
	r := newAPIRun(t, 1, nil)
	r.answer = func(string, time.Time, int) judge.Verdict {
		n++
		v := withQuota(5, time.Second, 6)
		v.Bucket = fmt.Sprint(n)
		return v
	}
	var paths []string
	for i := range 1000 {
		paths = append(paths, fmt.Sprintf("/%d/x", i))
	}
	var most int
	answer := r.answer
	r.answer = func(path string, now time.Time, under int) judge.Verdict {
		if s := r.plan.lanes["a"].buckets; s != nil {
			most = max(most, len(s.list), len(s.prefixes)/4)
		}
		return answer(path, now, under)
	}
	r.run(2, paths...)
	if r.succeeded != 2000 || most > maxBuckets {
		t.Errorf("%d succeeded, with %d buckets", r.succeeded, most)
	}
}

// TestAsideTasksOfABucketAreBounded: while a bucket is used up, at most a quarter of the look-ahead is aside for it.
func TestAsideTasksOfABucketAreBounded(t *testing.T) {
	d := newSpillDriver(t, func(l *testLimits) { l.Lookahead, l.HostConcurrency = 100, 2 })
	d.addTasks(2, "a")
	d.startAll()
	for range 2 {
		v := withQuota(0, 30*time.Second, 30)
		v.Bucket = "core"
		d.end("a", v)
	}
	d.addTasks(90, "a")
	d.startAll()
	s := d.lanes["a"].buckets
	if s.aside > 25 {
		t.Errorf("%d are aside", s.aside)
	}
	if d.Waiting() != 90 {
		t.Errorf("%d wait", d.Waiting())
	}
	d.advance(30 * time.Second)
	d.expectStarts("one asks", "a")
	v := withQuota(100, 30*time.Second, 30)
	v.Bucket = "core"
	var order []int64
	for len(d.exchanges) > 0 {
		order = append(order, d.end("a", v).seq)
		d.startAll()
	}
	if len(order) != 90 || s.aside != 0 {
		t.Errorf("%d started, %d are aside", len(order), s.aside)
	}
	for i, seq := range order {
		if int(seq) != i+3 {
			t.Fatalf("started out of order: %v", order)
		}
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
