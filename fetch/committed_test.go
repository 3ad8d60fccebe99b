package fetch

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A slowDisk is a Sink that commits at each Flush all but the last few of what was put.
type slowDisk struct {
	shelf
	put, lag  int64
	committed atomic.Int64
	broken    error
}

func (d *slowDisk) Put(r *Record) error {
	d.put++
	return d.shelf.Put(r)
}

func (d *slowDisk) Flush(last bool) error {
	if d.broken != nil {
		return d.broken
	}
	if last {
		d.lag = 0
	}
	d.committed.Store(max(d.put-d.lag, 0))
	return nil
}

// asking returns a client that counts what it is asked, and answers at once.
func asking(asked *atomic.Int64, look func()) origin {
	return func(*http.Request) (*http.Response, error) {
		asked.Add(1)
		look()
		return reply(200, "ok"), nil
	}
}

// TestUncommittedIsUnderWay: a success that a kill would cost keeps its place among the exchanges under way.
func TestUncommittedIsUnderWay(t *testing.T) {
	for _, width := range []int{1, 5, 40} {
		synctest.Test(t, func(t *testing.T) {
			var asked atomic.Int64
			disk := &slowDisk{lag: int64(width) - 1}
			client := asking(&asked, func() {
				if all, safe := asked.Load(), disk.committed.Load(); all > safe+int64(width) {
					t.Errorf("%d asked with %d committed: a kill would cost more than %d", all, safe, width)
				}
			})
			began := time.Now()
			s, err := runOver(t.Context(), urls(200, "http://a.test", "http://b.test"), disk, options(func(o *Options) {
				o.Concurrency, o.HostConcurrency, o.Committed = width, width, disk.committed.Load
			}), client)
			if err != nil || s.Succeeded != 200 {
				t.Errorf("%+v, %v", s, err)
			}
			if took := time.Since(began); took > 200*commitAfter {
				t.Errorf("took %s: a Record waited longer than %s to be committed", took, commitAfter)
			}
		})
	}
}

// TestUncommittedDoesNotHoldTheEnd: a run whose output breaks waits for no commit, though some wait to be asked again.
func TestUncommittedDoesNotHoldTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int64
		flaky := func(r *http.Request) (*http.Response, error) {
			if r.URL.Path == "/0" {
				return reply(500, ""), nil
			}
			asked.Add(1)
			return reply(200, "ok"), nil
		}
		disk := &slowDisk{broken: errors.New("disk full")}
		s, err := runOver(t.Context(), urls(100, "http://a.test"), disk, options(func(o *Options) {
			o.Concurrency, o.Committed = 4, disk.committed.Load
		}), origin(flaky))
		var broken *OutputError
		if !errors.As(err, &broken) || asked.Load() > 4 {
			t.Errorf("%d asked, %v: %+v", asked.Load(), err, s)
		}
	})
}

// TestUncommittedBesideLookups: what fails without an exchange makes no room for exchanges that a kill would cost.
func TestUncommittedBesideLookups(t *testing.T) {
	inLibrary(t, func(l *library) {
		var lines []string
		for i := range 40 {
			lines = append(lines, fmt.Sprintf(`{"url":"http://a.test/none%d","headers":{"Cache-Control":"only-if-cached"}}`, i))
		}
		for i := range 50 {
			page := fmt.Sprint("/", i)
			l.page(page, 200, "x")
			lines = append(lines, "http://a.test"+page)
		}
		var committed atomic.Int64
		o := options(func(o *Options) {
			o.Cache, o.Concurrency, o.HostConcurrency, o.Committed, o.Deadline = l.store, 3, 3, committed.Load, time.Minute
		})
		s, err := runOver(l.Context(), linesOf(lines...), &shelf{}, o, l)
		if err != nil || s.Exchanges != 3 {
			t.Errorf("%d exchanges with none committed, %v", s.Exchanges, err)
		}
	})
}
