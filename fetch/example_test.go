package fetch_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
	"batchfetch/fetch/input"
)

// The simplest run: URLs in, Records out. Records come as they are done, so print them or gather them, as you like.
func ExampleRun() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, "this is %s", r.URL.Path)
	}))
	defer server.Close()

	var reader input.Reader
	source := reader.URLs([]string{server.URL + "/one"})
	sink := fetch.SinkFunc(func(r *fetch.Record) error {
		fmt.Println(r.Status, string(r.Body))
		return nil
	})
	summary, err := fetch.Run(context.Background(), source, sink, fetch.Defaults())
	if err != nil {
		fmt.Println("the run broke:", err)
	}
	fmt.Println(summary.Succeeded, "of", summary.Total)
	// Output:
	// 200 this is /one
	// 1 of 1
}

// A second run over the same cache requests only what is not fresh any more. With a Guard a cache that fails costs no
// more than its stored responses.
func ExampleRun_cache() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		_, _ = fmt.Fprintf(w, "this is %s", r.URL.Path)
	}))
	defer server.Close()
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(dir) }()

	disk, err := cache.OpenDisk(dir, 1<<30)
	if err != nil {
		fmt.Println(err)
		return
	}
	store := cache.NewGuard(disk, func(err error, _ bool) { fmt.Println("the cache can't be used:", err) })
	defer func() { _ = store.Close() }()
	options := fetch.Defaults()
	options.Cache = store
	for range 2 {
		source := new(input.Reader).URLs([]string{server.URL + "/one"})
		sink := fetch.SinkFunc(func(r *fetch.Record) error {
			fmt.Println(r.Cache, string(r.Body))
			return nil
		})
		if _, err := fetch.Run(context.Background(), source, sink, options); err != nil {
			fmt.Println("the run broke:", err)
		}
	}
	// Output:
	// miss this is /one
	// hit this is /one
}

// Options for a host that is easily overloaded: one exchange at a time, at most a hundred a second, and up to five
// retries after a short delay.
func ExampleRun_options() {
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}))
	defer server.Close()

	options := fetch.Defaults()
	options.HostConcurrency = 1
	options.HostRate = 100
	options.Retries = 5
	options.RetryDelay = 20 * time.Millisecond
	options.Timeout = 10 * time.Second

	lines := strings.NewReader(server.URL + "/1\n" + server.URL + "/2\n")
	sink := fetch.SinkFunc(func(*fetch.Record) error { return nil })
	summary, err := fetch.Run(context.Background(), new(input.Reader).Lines(lines, ""), sink, options)
	if err != nil {
		fmt.Println("the run broke:", err)
	}
	fmt.Println(summary.Succeeded, "succeeded,", summary.Retries, "retry,", summary.Exchanges, "exchanges")
	// Output:
	// 2 succeeded, 1 retry, 3 exchanges
}

// A failed URL is a Record: Run returns no error for it. Each failure has a kind from a closed list and the
// Request that it belongs to.
func ExampleRun_failures() {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()

	lines := strings.NewReader(`# comments and blank lines are skipped
` + server.URL + `/missing
{"url": "` + server.URL + `/also", "id": 42}
ftp://a.test/file
`)
	var failed []string
	sink := fetch.SinkFunc(func(r *fetch.Record) error {
		if f := r.Failure; f != nil {
			failed = append(failed, fmt.Sprintf("line %d: %s: %s", r.Request.Line, f.Kind, f))
		}
		return nil
	})
	_, err := fetch.Run(context.Background(), new(input.Reader).Lines(lines, "urls.txt"), sink, fetch.Defaults())
	slices.Sort(failed)
	fmt.Println(strings.Join(failed, "\n"))
	fmt.Println("error:", err)
	// Output:
	// line 2: status: 404 Not Found
	// line 3: status: 404 Not Found
	// line 4: invalid_request: scheme "ftp" is not http or https
	// error: <nil>
}

// Options report every mistake at once, each by the name of its flag.
func ExampleOptions_Validate() {
	options := fetch.Defaults()
	options.Concurrency = 0
	options.HostRate = -1
	fmt.Println(options.Validate())

	var mistake *fetch.Mistake
	fmt.Println(errors.As(options.Validate(), &mistake), mistake.Flag)
	// Output:
	// --concurrency is 0, must be 1 to 65536
	// --host-rate is -1/s, must be above 0
	// true concurrency
}

// One host may be asked more slowly than the others, and with a token of its own.
func ExampleNewHostRules() {
	rules, err := fetch.NewHostRules([]fetch.HostRule{
		{Pattern: "*.example.com", HostSettings: fetch.HostSettings{Concurrency: new(2)}},
		{Pattern: "https://api.example.com", HostSettings: fetch.HostSettings{
			Rate:   new(5.0),
			Header: http.Header{"Authorization": {"Bearer token"}},
		}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	options := fetch.Defaults()
	options.Hosts = rules

	fmt.Println(*rules.Of("https://api.example.com").Rate)
	fmt.Println(*rules.Of("http://api.example.com").Concurrency)
	fmt.Println(rules.Of("https://example.org") == nil)
	// Output:
	// 5
	// 2
	// true
}

// Four machines can share one list, each with its own part of the hosts.
func ExampleShard() {
	list := []string{"https://one.example/a", "https://two.example/a", "https://one.example/b", "http://one.example/c"}
	for number := 1; number <= 4; number++ {
		for request := range (input.Shard{Number: number, Of: 4}).Filter(new(input.Reader).URLs(list)) {
			fmt.Println(number, request.Index, request.URL)
		}
	}
	// Output:
	// 1 1 https://two.example/a
	// 2 0 https://one.example/a
	// 2 2 https://one.example/b
	// 2 3 http://one.example/c
}
