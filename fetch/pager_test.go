package fetch

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/paging"
)

// pagedOptions returns Options that follow the pages at a place.
func pagedOptions(t testing.TB, place string, change func(*Options)) Options {
	t.Helper()
	o := noRetryOptions(change)
	var err error
	if o.Paginate, err = paging.Parse(place); err != nil {
		t.Fatal(err)
	}
	return o
}

// TestPrivatePages: a page with a public address can't name one with a private address, as with a redirect.
func TestPrivatePages(t *testing.T) {
	hosts := startTwoHosts(t, nil)
	page := func(host string, next ...string) string {
		text := "http://" + host + ":" + hosts.port + "/"
		for _, each := range next {
			text += "?next=" + url.QueryEscape(each)
		}
		return text
	}
	for _, tt := range []struct{ line, want string }{
		{page("127.0.0.1", page("127.0.0.1")), "ok ok"},
		{page("127.0.0.1", page("127.0.0.2")), "ok ok"},
		{page("127.0.0.2", page("outside.test")), "ok ok"},
		{page("127.0.0.2", page("127.0.0.1")), "ok blocked_address"},
		{page("127.0.0.2", page("inside.test")), "ok blocked_address"},
		{page("127.0.0.1", page("127.0.0.2", page("127.0.0.1"))), "ok ok blocked_address"},
	} {
		o := pagedOptions(t, "link", nil)
		sink := runIn(t, o, testNetwork(t, twoHostNames), tt.line)
		if got := sink.kinds(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.line, got, tt.want)
		}
		if last := sink.records[len(sink.records)-1]; last.Failure != nil && !last.Request.PublicOnly {
			t.Errorf("%s: fed back it would be asked", tt.line)
		}
		o.Private = dial.PrivateAllow
		if got := runIn(t, o, testNetwork(t, twoHostNames), tt.line).kinds(); strings.Contains(got, "blocked") {
			t.Errorf("%s where all is allowed: %s", tt.line, got)
		}
	}
}

// TestPagesInOrder: the pages of each Request come in their order, whatever their size, and all are counted.
func TestPagesInOrder(t *testing.T) {
	const pages, requests = 12, 20
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		var request, page int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d/%d", &request, &page) // 0 is no page
		size := 10
		if (page+request)%3 == 0 {
			size = 2 * largeRecord
		}
		next := "null"
		if page < pages {
			next = fmt.Sprintf(`"%d"`, page+1)
		}
		_, _ = fmt.Fprintf(w, `{"pad":"%s","next":%s}`, strings.Repeat("x", size), next) // the client may have left
	})
	var lines []string
	for i := range requests {
		lines = append(lines, fmt.Sprintf("%s/%d/1", server, i))
	}
	var sink recorder
	summary, err := Run(t.Context(), linesOf(lines...), &sink, pagedOptions(t, "/next", func(o *Options) {
		o.BodyMemory = largeRecord
		o.DropBody = true
	}))
	if err != nil || summary.Pages != pages*requests || summary.Succeeded != pages*requests {
		t.Fatalf("%+v, %v", summary, err)
	}
	wantSum(t, summary, len(sink.records))
	seen := make(map[int64]int64)
	for _, r := range sink.records {
		if seen[r.Seq]++; r.Request.Page != seen[r.Seq] || r.More != (r.Request.Page < pages) || r.Request.Index != r.Seq {
			t.Fatalf("page %d of %d comes as number %d, more: %t", r.Request.Page, r.Seq, seen[r.Seq], r.More)
		}
	}
}

// TestStopBetweenPages: a page that a stopped run does not start counts as not started.
func TestStopBetweenPages(t *testing.T) {
	drain := make(chan struct{})
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/2" {
			close(drain)
		}
		var page int
		_, _ = fmt.Sscanf(r.URL.Path, "/%d", &page)
		w.Header().Set("Link", fmt.Sprintf(`</%d>; rel="next"`, page+1))
	})
	var sink recorder
	summary, err := Run(t.Context(), linesOf(server+"/1"), &sink, pagedOptions(t, "link", func(o *Options) {
		o.Drain = drain
		o.MaxPages = 5
	}))
	wantSum(t, summary, len(sink.records))
	// the answer to page 2 may be there before the run sees the drain
	n := len(sink.records)
	if err != nil || n < 2 || n < 5 && (summary.NotStarted != 1 || summary.Stopped != StopDrain) {
		t.Errorf("%d records, %+v, %v", n, summary, err)
	}
	if !slices.IsSortedFunc(sink.records, func(a, b *Record) int { return int(a.Request.Page - b.Request.Page) }) {
		t.Error("not in order")
	}
}

// TestMaxFailurePercentOfPages: the pages that a Request may still have count too, so a share is judged at the end.
func TestMaxFailurePercentOfPages(t *testing.T) {
	server := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		var page int
		if n, _ := fmt.Sscanf(r.URL.Path, "/%d", &page); n == 0 {
			http.NotFound(w, r)
		} else if page < 4 {
			w.Header().Set("Link", fmt.Sprintf(`</%d>; rel="next"`, page+1))
		}
	})
	for percent, want := range map[float64]Stop{20: StopNone, 19: StopFailures} {
		summary, err := Run(t.Context(), linesOf(server+"/missing", server+"/1"), &recorder{},
			pagedOptions(t, "link", func(o *Options) {
				o.Concurrency, o.MaxFailurePercent = 1, percent
				o.Expected = func() int64 { return 2 }
			}))
		if err != nil || summary.Stopped != want || summary.Failed != 1 || summary.Succeeded != 4 {
			t.Errorf("%g%%: %+v, %v", percent, summary, err)
		}
	}
}
