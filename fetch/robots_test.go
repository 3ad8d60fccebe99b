package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
	"batchfetch/fetch/input"
)

// A robotsHost is a server with a robots.txt and pages; it counts requests by path.
type robotsHost struct {
	url    string
	mu     sync.Mutex
	counts map[string]int
}

// count returns the number of requests for a path.
func (h *robotsHost) count(path string) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.counts[path]
}

// newRobotsHost starts a server; robots answers for its robots.txt.
func newRobotsHost(t *testing.T, robots http.HandlerFunc) *robotsHost {
	t.Helper()
	h := &robotsHost{counts: map[string]int{}}
	mux := http.NewServeMux()
	mux.HandleFunc("/robots.txt", robots)
	mux.HandleFunc("/forbidden/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "forbidden") })
	mux.Handle("/moved", http.RedirectHandler("/forbidden/page", http.StatusFound))
	mux.HandleFunc("/rules", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, forbidden) })
	mux.HandleFunc("/chain/{n}", func(w http.ResponseWriter, r *http.Request) {
		next := "/chain/" + r.PathValue("n")[1:]
		if next == "/chain/" {
			next = "/rules"
		}
		http.Redirect(w, r, next, http.StatusFound)
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "page") })
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.mu.Lock()
		h.counts[r.URL.Path]++
		h.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

const forbidden = "User-agent: *\nDisallow: /forbidden/\n\nUser-agent: other\nDisallow: /\n"

// packedRobots is forbidden in gzip.
var packedRobots = func() []byte {
	var packed bytes.Buffer
	g := gzip.NewWriter(&packed)
	_, _ = io.WriteString(g, forbidden) // as below, a bytes.Buffer does not fail
	_ = g.Close()
	return packed.Bytes()
}()

// says answers with a text.
func says(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, text) }
}

// leadsTo answers with a redirect.
func leadsTo(location string) http.HandlerFunc {
	return http.RedirectHandler(location, http.StatusFound).ServeHTTP
}

// runRobots runs URLs with Options.Robots, and returns the kind of failure of each, "" of a success, and the messages.
func runRobots(t *testing.T, change func(*fetch.Options), urls ...string) (kinds []string, messages string) {
	t.Helper()
	o := fetch.Defaults()
	o.Robots, o.RetryDelay, o.ConnectTimeout, o.Retries = true, 0, time.Minute, 1
	change(&o)
	kinds = make([]string, len(urls))
	sink := fetch.SinkFunc(func(r *fetch.Record) error {
		if r.Failure != nil {
			kinds[r.Seq] = string(r.Failure.Kind)
			messages += r.Failure.Error() + "\n"
		}
		return nil
	})
	summary, err := fetch.Run(context.Background(),
		new(input.Reader).Lines(strings.NewReader(strings.Join(urls, "\n")), "in"), sink, o)
	if err != nil || !summary.Complete || summary.Succeeded+summary.Failed != int64(len(urls)) {
		t.Errorf("%+v, %v", summary, err)
	}
	return kinds, messages
}

func TestRobots(t *testing.T) {
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
	}
	for _, c := range []struct {
		name     string
		robots   http.HandlerFunc
		agent    string
		want     string // kinds of /page, /forbidden/page and /moved
		fetches  int
		messages string
	}{
		{name: "rules", robots: says(forbidden), want: " robots robots", messages: "/robots.txt does not allow it"},
		{name: "rules of another", robots: says(forbidden), agent: "Other/1.0 (+x)", want: "robots robots robots"},
		{name: "none", robots: status(404), want: "  "},
		{name: "not allowed", robots: status(403), want: "  "},
		{name: "empty", robots: status(204), want: "  "},
		{name: "trouble", robots: status(503), want: "robots robots robots", fetches: 2,
			messages: "/robots.txt can't be had, which forbids all: 503 Service Unavailable"},
		{name: "closed", robots: func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
			want: "truncated truncated truncated", fetches: 2, messages: "/robots.txt can't be had"},
		{name: "five redirects", robots: leadsTo("/chain/1234"), want: " robots robots"},
		{name: "six redirects", robots: leadsTo("/chain/12345"), want: "  "},
		{name: "no place", robots: status(301), want: "  "},
		{name: "in gzip", robots: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(packedRobots)
		}, want: " robots robots"},
		{name: "large", robots: says(forbidden + strings.Repeat("#", 600<<10) + "\nUser-agent: *\nDisallow: /page\n"),
			want: " robots robots"},
		{name: "large, of unknown length", robots: func(w http.ResponseWriter, r *http.Request) {
			_ = http.NewResponseController(w).Flush()
			says(forbidden+strings.Repeat("#", 600<<10)+"\nUser-agent: *\nDisallow: /page\n")(w, r)
		}, want: " robots robots"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newRobotsHost(t, c.robots)
			kinds, messages := runRobots(t, func(o *fetch.Options) {
				if c.agent != "" {
					o.UserAgent = c.agent
				}
			}, h.url+"/page", h.url+"/forbidden/page", h.url+"/moved")
			if n := h.count("/robots.txt"); n != max(c.fetches, 1) {
				t.Errorf("%d requests for robots.txt, want %d", n, max(c.fetches, 1))
			}
			want := strings.Split(c.want, " ")
			if !slices.Equal(kinds, want) || !strings.Contains(messages, c.messages) {
				t.Errorf("got %q, want %q; %s", kinds, want, messages)
			}
			if n := h.count("/forbidden/page"); want[1] != "" && n > 0 {
				t.Errorf("%d requests for what is forbidden", n)
			}
		})
	}
}

// A host's robots.txt is fetched once, and no line that waits for it holds a worker: others get through meanwhile.
func TestWaitingForRobotsHoldsNoWorker(t *testing.T) {
	other := make(chan struct{})
	slow := newRobotsHost(t, func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-other:
			says(forbidden)(w, r)
		case <-r.Context().Done():
		}
	})
	var once sync.Once
	quick := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/last" {
			once.Do(func() { close(other) })
		}
	}))
	defer quick.Close()
	var urls []string
	for i := range 40 {
		urls = append(urls, fmt.Sprint(slow.url, "/page/", i))
	}
	urls = append(urls, quick.URL+"/last")
	kinds, messages := runRobots(t, func(o *fetch.Options) { o.Concurrency = 2 }, urls...)
	if messages != "" || slices.ContainsFunc(kinds, func(kind string) bool { return kind != "" }) {
		t.Errorf("%q", messages)
	}
	if n := slow.count("/robots.txt"); n != 1 {
		t.Errorf("%d requests for robots.txt", n)
	}
}

// robots.txt is served by the cache where that has it, though the run keeps no bodies; one that was cut is not stored.
func TestRobotsFromTheCache(t *testing.T) {
	for _, c := range []struct {
		name, text string
		fetches    int
	}{{"whole", forbidden, 1}, {"cut", forbidden + strings.Repeat("#", 600<<10), 2}} {
		t.Run(c.name, func(t *testing.T) {
			h := newRobotsHost(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Cache-Control", "max-age=1000")
				says(c.text)(w, r)
			})
			store, err := cache.OpenDisk(t.TempDir(), 1<<24)
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				changed := cache.NewReporter(store)
				kinds, messages := runRobots(t, func(o *fetch.Options) {
					o.Cache, o.DropBody, o.Changed = store, true, changed
				}, h.url+"/forbidden/page", h.url+"/page")
				if err := changed.Confirm(t.Context(), time.Now()); err != nil {
					t.Error(err)
				}
				if !slices.Equal(kinds, []string{"robots", ""}) {
					t.Errorf("%q: %s", kinds, messages)
				}
			}
			if n := h.count("/robots.txt"); n != c.fetches {
				t.Errorf("%d requests for robots.txt, want %d", n, c.fetches)
			}
			runRobots(t, func(o *fetch.Options) { o.Cache, o.Robots = store, false }, h.url+"/robots.txt")
			if n := h.count("/robots.txt"); n != 2*c.fetches-1 {
				t.Errorf("%d requests for robots.txt as a page, too", n)
			}
		})
	}
}

// A run that is stopped while lines wait for a robots.txt ends, and counts them.
func TestStoppedWhileWaitingForRobots(t *testing.T) {
	h := newRobotsHost(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	o := fetch.Defaults()
	o.Robots = true
	o.Deadline = 50 * time.Millisecond
	text := strings.Repeat(h.url+"/page\n", 10)
	summary, err := fetch.Run(context.Background(), new(input.Reader).Lines(strings.NewReader(text), "in"),
		fetch.SinkFunc(func(*fetch.Record) error { return nil }), o)
	if err != nil || summary.NotStarted != 10 {
		t.Errorf("%+v, %v", summary, err)
	}
}
