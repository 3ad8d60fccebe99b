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

// TestProbeOfABucketThatWasSplit: a probe whose window has become that of other requests meanwhile, as responses
// contradicted each other, is one of theirs no more once it has ended.
func TestProbeOfABucketThatWasSplit(t *testing.T) {
	d := newPlanDriver(t, nil)
	add := func(path string) {
		d.lastSeq++
		task := newTestTask("a", d.lastSeq)
		task.Path = path
		task.addTo(d.Plan, d.now)
	}
	add("/a")
	add("/b")
	d.expectStarts("both", "a a")
	d.end("a", withQuota(0, 5*time.Second, 10))
	add("/c")
	d.expectStarts("none is left", "")
	d.advance(5 * time.Second)
	d.expectStarts("the probe", "a")
	d.end("a", withQuota(19, 5*time.Second, 20)) // of /b
	d.end("a", withQuota(29, 5*time.Second, 30)) // of /c
	add("/a")
	d.expectStarts("another probe", "a")
}

func firstSegment(path string) string {
	first, _, _ := strings.Cut(path[1:], "/")
	return first
}

func lastSegment(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

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
