package fetch

import (
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"batchfetch/fetch/cache"
)

// wantChanged is want for a run that reports only what changed. confirmed is whether the run came to its end.
func (rig *cacheRig) wantChanged(confirmed bool, requests int, want string, change func(*Options), lines ...string) {
	rig.Helper()
	teller := cache.NewReporter(rig.store)
	rig.want(requests, want, func(o *Options) {
		o.Changed = teller
		if change != nil {
			change(o)
		}
	}, lines...)
	if confirmed {
		if err := teller.Confirm(rig.Context(), time.Now()); err != nil {
			rig.Fatal(err)
		}
	}
}

// TestChanged checks that a response is reported if it is new or differs from the stored copy, whether the copy was
// fresh, revalidated, fetched again or not stored at all.
func TestChanged(t *testing.T) {
	pages := func(rig *cacheRig, body string) {
		rig.setPage("/fresh", 200, body, "Cache-Control", "max-age=60")
		rig.setTagged("/tagged", fmt.Sprintf("%q", body), body)
		rig.setPage("/plain", 200, body)
		rig.setPage("/secret", 200, body, "Cache-Control", "no-store")
	}
	lines := func() []string { return []string{"/fresh", "/tagged", "/plain", "/secret"} }
	withCacheRig(t, func(rig *cacheRig) {
		pages(rig, "one")
		rig.wantChanged(true, 4, "miss 200 one; miss 200 one; miss 200 one; miss 200 one", nil, lines()...)
		rig.wantChanged(true, 3, "?hit 200 ; ?revalidated 200 ; ?miss 200 one; ?miss 200 one", nil, lines()...)
		if s := rig.summary; s.Unchanged != 4 || s.Succeeded != 4 || s.Total != 4 || s.Bytes != 12 {
			t.Errorf("%+v", s)
		}
		time.Sleep(2 * time.Minute)
		pages(rig, "two")
		rig.wantChanged(true, 4, "miss 200 two; miss 200 two; miss 200 two; miss 200 two", nil, lines()...)
		rig.wantChanged(true, 3, "?hit 200 ; ?revalidated 200 ; ?miss 200 two; ?miss 200 two", nil, lines()...)
		rig.wantChanged(true, 1, "protocol", nil, "/nothing") // failures are always reported
	})
}

// TestChangedAfterPlainRuns checks that a run compares with the stored copy of a run that reported everything.
func TestChangedAfterPlainRuns(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setTagged("/x", `"1"`, "one")
		rig.want(1, "miss 200 one", nil, "/x")
		rig.wantChanged(true, 1, "?revalidated 200 ", nil, "/x")
		rig.setTagged("/x", `"2"`, "two")
		rig.want(1, "miss 200 two", nil, "/x")
		rig.wantChanged(true, 1, "?revalidated 200 ", nil, "/x")
	})
}

// TestChangedAndKilled checks that what a run reported that did not come to its end is reported again, from the cache
// where possible.
func TestChangedAndKilled(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/fresh", 200, "one", "Cache-Control", "max-age=60")
		rig.setTagged("/tagged", `"1"`, "one")
		rig.setPage("/secret", 200, "one", "Cache-Control", "no-store")
		rig.wantChanged(false, 3, "miss 200 one; miss 200 one; miss 200 one", nil, "/fresh", "/tagged", "/secret")
		rig.wantChanged(false, 2, "hit 200 one; revalidated 200 one; miss 200 one", nil, "/fresh", "/tagged", "/secret")
		rig.wantChanged(true, 2, "hit 200 one; revalidated 200 one; miss 200 one", nil, "/fresh", "/tagged", "/secret")
		rig.wantChanged(true, 2, "?hit 200 ; ?revalidated 200 ; ?miss 200 one", nil, "/fresh", "/tagged", "/secret")
		rig.setPage("/secret", 200, "two", "Cache-Control", "no-store")
		rig.wantChanged(false, 1, "miss 200 two", nil, "/secret")
		rig.setPage("/secret", 200, "one", "Cache-Control", "no-store") // back to what was reported
		rig.wantChanged(true, 1, "?miss 200 one", nil, "/secret")
	})
}

// TestChangedTwiceInOneRun checks that two requests for one page, each with an id or a file of its own, both report its
// change, and that neither does in the next run.
func TestChangedTwiceInOneRun(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		oneByOne := func(o *Options) { o.Concurrency = 1 }
		lines := []string{`{"url":"http://a.test/x","id":1}`, `{"url":"http://a.test/x","id":2}`}
		rig.setPage("/x", 200, "one")
		rig.wantChanged(true, 2, "miss 200 one; miss 200 one", oneByOne, lines...)
		rig.setPage("/x", 200, "two")
		rig.wantChanged(true, 2, "miss 200 two; miss 200 two", oneByOne, lines...)
		rig.wantChanged(true, 2, "?miss 200 two; ?miss 200 two", oneByOne, lines...)
	})
}

// TestChangedByCredentials checks that simultaneous responses to one URL, each for another user, are all found by the
// next run.
func TestChangedByCredentials(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.pages["/x"] = func(r *http.Request) *http.Response {
			time.Sleep(time.Second) // all lookups are done, and nothing is stored yet
			return withDate(newResponse(200, r.Header.Get("Authorization"), "Cache-Control", "max-age=60",
				"Vary", "Accept-Language"))
		}
		var lines []string
		for i := range 5 {
			lines = append(lines, fmt.Sprintf(`{"url":"http://a.test/x","headers":{"Authorization":"%d"}}`, i))
		}
		rig.wantChanged(true, 5, "miss 200 0; miss 200 1; miss 200 2; miss 200 3; miss 200 4", nil, lines...)
		if files := rig.entryFiles(); len(files) != 5+1+1 { // responses, their Vary entry, the run
			t.Errorf("%d files: some lead nowhere", len(files))
		}
		rig.wantChanged(true, 0, "?hit 200 ; ?hit 200 ; ?hit 200 ; ?hit 200 ; ?hit 200 ", nil, lines...)
	})
}

// TestChangedOutlivesItsRun checks that the entry of the run that reported a page is needed by the next run only.
func TestChangedOutlivesItsRun(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "one", "Cache-Control", "max-age=60")
		teller := cache.NewReporter(rig.store)
		rig.want(1, "miss 200 one", func(o *Options) { o.Changed = teller }, "/x")
		before := rig.entryFiles()
		if err := teller.Confirm(rig.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		run := slices.DeleteFunc(rig.entryFiles(), func(name string) bool { return slices.Contains(before, name) })
		rig.wantChanged(true, 0, "?hit 200 ", nil, "/x")
		if len(run) != 1 || os.Remove(run[0]) != nil {
			t.Fatalf("of the run there is %v", run)
		}
		rig.wantChanged(true, 0, "?hit 200 ", nil, "/x")
	})
}

// TestChangedStale checks that a stale copy that is served in place of an error is not reported as changed.
func TestChangedStale(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "one", "Cache-Control", "max-age=60, stale-if-error=600")
		rig.wantChanged(true, 1, "miss 200 one", nil, "/x")
		rig.setPage("/x", 500, "")
		time.Sleep(2 * time.Minute)
		rig.wantChanged(true, 1, "?stale 200 ", nil, "/x")
		rig.setPage("/y", 200, "one", "Cache-Control", "max-age=60, stale-if-error=600")
		rig.wantChanged(false, 1, "miss 200 one", nil, "/y")
		rig.setPage("/y", 500, "")
		time.Sleep(2 * time.Minute)
		rig.wantChanged(true, 1, "stale 200 one", nil, "/y")
		rig.wantChanged(true, 1, "?stale 200 ", nil, "/y")
	})
}

// TestChangedBodiesInFiles checks that the BodyStore gets only the bodies that changed. It has the others from an
// earlier run.
func TestChangedBodiesInFiles(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		store := new(failingStore)
		saving := func(o *Options) { o.BodyStore = store }
		line := func(path string) string { return fmt.Sprintf(`{"url":"http://a.test%s","path":%q}`, path, path) }
		rig.setPage("/plain", 200, "one")
		rig.setPage("/fresh", 200, "one", "Cache-Control", "max-age=60")
		rig.wantChanged(true, 2, "miss 200 ; miss 200 ", saving, line("/plain"), line("/fresh"))
		if len(store.bodies) != 2 {
			t.Errorf("kept %v", store.bodies)
		}
		store.bodies = nil
		rig.wantChanged(true, 1, "?miss 200 ; ?hit 200 ", saving, line("/plain"), line("/fresh"))
		if len(store.bodies) != 0 || store.abandoned != 1 {
			t.Errorf("kept %v, %d abandoned", store.bodies, store.abandoned)
		}
		rig.setPage("/plain", 200, "two")
		rig.wantChanged(true, 1, "miss 200 ; ?hit 200 ", saving, line("/plain"), line("/fresh"))
		if len(store.bodies) != 1 || store.bodies["/plain"] != "two" {
			t.Errorf("kept %v", store.bodies)
		}
	})
}

// TestChangedHeads checks that responses without a body are always reported: there is nothing to compare.
func TestChangedHeads(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "", "Cache-Control", "max-age=60")
		head := `{"url":"http://a.test/x","method":"HEAD"}`
		rig.wantChanged(true, 1, "miss 200 ", nil, head)
		rig.wantChanged(true, 0, "hit 200 ", nil, head)
		rig.pages["/p"] = func(*http.Request) *http.Response { return newResponse(200, "p") }
		rig.wantChanged(true, 1, " 200 p", nil, `{"url":"http://a.test/p","body":"q"}`)
		rig.wantChanged(true, 1, " 200 p", nil, `{"url":"http://a.test/p","body":"q"}`)
	})
}

// TestChangedNeedsACache checks what Validate reports of Changed and the cache options.
func TestChangedNeedsACache(t *testing.T) {
	o := options(func(o *Options) { o.Changed, o.CacheTTL, o.CacheHeuristic = cache.NewReporter(nil), -1, 2 })
	if got := flagsOf(o.Validate()); len(got) != 3 {
		t.Errorf("got %v", got)
	}
}

// TestWatched checks which hosts a run with Options.Changed tells of: those whose responses can't be validated, and
// those whose responses are used again without asking, for long or in this run.
func TestWatched(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		check := func(want Watched, change func(*Options), path string) {
			t.Helper()
			teller := cache.NewReporter(rig.store)
			rig.run(func(o *Options) {
				o.Changed = teller
				if change != nil {
					change(o)
				}
			}, path)
			if got := rig.summary.Watched["http://a.test"]; got != want || (want == Watched{}) != (rig.summary.Watched == nil) {
				t.Errorf("%s: got %+v, want %+v", path, rig.summary.Watched, want)
			}
		}
		rig.setTagged("/tagged", `"1"`, "body")
		rig.setTagged("/minute", `"1"`, "body", "Cache-Control", "max-age=60")
		rig.setTagged("/hour", `"1"`, "body", "Cache-Control", "max-age=3600")
		rig.setTagged("/asked", `"1"`, "body", "Cache-Control", "max-age=3600, no-cache")
		rig.setPage("/plain", 200, "body")
		rig.setPage("/both", 200, "body", "Cache-Control", "max-age=7200")
		rig.setTagged("/secret", `"1"`, "body", "Cache-Control", "no-store")
		rig.setPage("/gone", 404, "body")
		check(Watched{}, nil, "/tagged")
		check(Watched{}, nil, "/minute")
		check(Watched{Fresh: 1, FreshFor: time.Minute}, nil, "/minute") // it is not asked for
		check(Watched{Fresh: 1, FreshFor: time.Hour}, nil, "/hour")
		check(Watched{Fresh: 1, FreshFor: time.Hour}, nil, "/hour")
		check(Watched{}, func(o *Options) { o.Header = headerOf("Cache-Control", "no-cache") }, "/hour")
		check(Watched{}, func(o *Options) { o.CacheTTL = time.Hour }, "/hour")
		check(Watched{}, func(o *Options) { o.Changed = nil }, "/plain")
		check(Watched{}, nil, "/asked")
		check(Watched{Unvalidated: 1}, nil, "/plain")
		check(Watched{Unvalidated: 1, Fresh: 1, FreshFor: 2 * time.Hour}, nil, "/both")
		check(Watched{Unvalidated: 1}, nil, "/secret")
		check(Watched{}, nil, "/gone")
		rig.setPage("/deaf", 200, "body", "Last-Modified", "Fri, 02 Jan 1998 11:59:59 GMT")
		check(Watched{}, nil, "/deaf")
		check(Watched{Unvalidated: 1}, nil, "/deaf") // it sends the same whole again
		rig.setPage("/deaf", 200, "another", "Last-Modified", "Fri, 02 Jan 1998 11:59:59 GMT")
		check(Watched{}, nil, "/deaf")
	})
}
