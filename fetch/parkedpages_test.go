package fetch

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/paging"
)

// A pagesInOrder is a Sink that passes Records on in input order, as an ordered output does, and counts those that it
// holds back meanwhile.
type pagesInOrder struct {
	recorder
	early         map[int64][]*Record
	awaited, held atomic.Int64
	most          int64
}

func (p *pagesInOrder) Held() int      { return int(p.held.Load()) }
func (p *pagesInOrder) Awaited() int64 { return p.awaited.Load() }

func (p *pagesInOrder) Put(r *Record) error {
	p.early[r.Seq] = append(p.early[r.Seq], r)
	p.held.Add(1)
	for {
		next := p.awaited.Load()
		here := p.early[next]
		delete(p.early, next)
		p.held.Add(-int64(len(here)))
		for _, r := range here {
			if err := p.recorder.Put(r); err != nil {
				return err
			}
		}
		if len(here) == 0 || here[len(here)-1].More {
			break
		}
		p.awaited.Add(1)
	}
	p.most = max(p.most, p.held.Load())
	return nil
}

// pagedOrigin has pages pages for each path /N, each of which takes a second; those of /0 take ten minutes.
func pagedOrigin(pages int) fakeOrigin {
	return func(r *http.Request) (*http.Response, error) {
		request, page := 0, 1
		_, _ = fmt.Sscanf(r.URL.Path, "/%d/%d", &request, &page) // without a page it is the first
		took := time.Second
		if request == 0 {
			took = 10 * time.Minute
		}
		resp, err := respondAfter(took)(r)
		if err == nil && page < pages {
			resp.Header.Set("Link", fmt.Sprintf(`</%d/%d>; rel="next"`, request, page+1))
		}
		return resp, err
	}
}

func linkOptions(t *testing.T, change func(*Options)) *Options {
	return options(func(o *Options) {
		var err error
		if o.Paginate, err = paging.Parse("link"); err != nil {
			t.Fatal(err)
		}
		change(o)
	})
}

// TestPagesHeldBackAreBounded: while the first Request of an ordered output is slow, those after it have no more pages
// requested than the look-ahead allows Records to be held back; then all come, in order.
func TestPagesHeldBackAreBounded(t *testing.T) {
	for _, window := range []int{1, 5, 40} {
		synctest.Test(t, func(t *testing.T) {
			const requests, pages = 8, 30
			sink := &pagesInOrder{early: make(map[int64][]*Record)}
			var lines []string
			for i := range requests {
				lines = append(lines, fmt.Sprintf("http://a.test/%d", i))
			}
			s, err := runWithClient(t.Context(), linesOf(lines...), sink,
				linkOptions(t, func(o *Options) { o.Lookahead = window }), pagedOrigin(pages))
			if err != nil || s.Succeeded != requests*pages || s.Pages != requests*pages || sink.Held() != 0 {
				t.Fatalf("%+v, %v, %d held", s, err, sink.Held())
			}
			if most := int64(window + requests); sink.most > most {
				t.Errorf("%d records are held back with a look-ahead of %d", sink.most, window)
			}
			for i, r := range sink.records {
				if r.Seq != int64(i/pages) || r.Request.Page != int64(i%pages+1) {
					t.Fatalf("record %d is page %d of %d", i, r.Request.Page, r.Seq)
				}
			}
		})
	}
}

// TestStopWithPagesHeldBack: pages that were not admitted by then count as not started.
func TestStopWithPagesHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &pagesInOrder{early: make(map[int64][]*Record)}
		s, err := runWithClient(t.Context(), linesOf(strings.Fields("http://a.test/0 http://a.test/1 http://a.test/2")...),
			sink, linkOptions(t, func(o *Options) { o.Lookahead, o.Deadline = 4, time.Minute }), pagedOrigin(30))
		if err != nil || s.Stopped != StopDeadline || s.NotStarted != 2 {
			t.Errorf("%+v, %v", s, err)
		}
		if s.Total != s.Succeeded+s.Failed+s.NotStarted {
			t.Errorf("%+v", s)
		}
	})
}
