package journal

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/input"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/file"
)

// BenchmarkDurable measures what --resume costs: batches of small bodies over loopback with it and without, in turns.
// The metric resume/plain is the ratio of the median times; 1.05 would be 5 % slower.
func BenchmarkDurable(b *testing.B) {
	origin := startOrigin(b)
	const requests = 50_000
	urls := make([]string, requests)
	for i := range urls {
		urls[i] = fmt.Sprintf("%s/%d", origin, i)
	}
	var plain, resumed []time.Duration
	for b.Loop() {
		plain = append(plain, timeWithoutResume(b, urls))
		resumed = append(resumed, timeWithResume(b, urls))
	}
	slices.Sort(plain)
	slices.Sort(resumed)
	b.ReportMetric(float64(resumed[len(resumed)/2])/float64(plain[len(plain)/2]), "resume/plain")
	b.ReportMetric(requests/resumed[len(resumed)/2].Seconds(), "requests/s")
}

// originVariable is the environment variable that makes this test binary an HTTP server until its standard input ends.
const originVariable = "BATCHFETCH_BENCH_ORIGIN"

// serveOrigin serves a small JSON body for every path.
func serveOrigin() {
	body := `{"items":[` + strings.Repeat(`{"id":1,"name":"item-1","price":1.5},`, 25) + `{}]}`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, body) // the client may have left
	}))
	fmt.Println(server.URL)
	_, _ = io.Copy(io.Discard, os.Stdin) // until it ends
}

// startOrigin starts a server in a process of its own, so that its time is not measured, and returns its URL.
func startOrigin(b *testing.B) string {
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	origin := exec.Command(self)
	origin.Env = append(os.Environ(), originVariable+"=1")
	stdin, err := origin.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := origin.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := origin.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close() // the process ends
		_ = origin.Wait()
	})
	url, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(url)
}

func benchOptions() fetch.Options {
	o := fetch.Defaults()
	o.HostConcurrency = o.Concurrency
	return o
}

func timeWithoutResume(b *testing.B, urls []string) time.Duration {
	began := time.Now()
	f, err := file.Create(filepath.Join(b.TempDir(), "out"), LockExisting)
	if err != nil {
		b.Fatal(err)
	}
	sink := output.NewJSONL(f, encode.Layout{Body: encode.BodyAuto})
	if _, err := fetch.Run(b.Context(), new(input.Reader).URLs(urls), sink, benchOptions()); err != nil {
		b.Fatal(err)
	}
	if err := f.Commit(); err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

func timeWithResume(b *testing.B, urls []string) time.Duration {
	began := time.Now()
	o := benchOptions()
	j, err := Open(filepath.Join(b.TempDir(), "out"), Settings{AppendRequest: o.AppendCanonical})
	if err != nil {
		b.Fatal(err)
	}
	o.Committed = j.Committed
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		j.KeepSynced(ctx)
	}()
	_, err = fetch.Run(b.Context(), input.Skip(new(input.Reader).URLs(urls), j.Done),
		NewSink(j, j, encode.Layout{Body: encode.BodyAuto}), o)
	cancel()
	<-ended
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(began)
}

// BenchmarkLoad measures the time to load a journal of a million successes, and the memory of each.
func BenchmarkLoad(b *testing.B) {
	out := filepath.Join(b.TempDir(), "out")
	o := fetch.Defaults()
	const n = 1_000_000
	j, err := Open(out, Settings{AppendRequest: o.AppendCanonical})
	if err != nil {
		b.Fatal(err)
	}
	entries := make([]entry, 0, 16)
	for i := range n {
		r := fetch.Request{URL: fmt.Sprintf("https://example.com/item/%d", i)}
		j.Done(&r)
		if entries = append(entries, entry{tag: r.Tag}); len(entries) == cap(entries) {
			if err := j.commit(entries); err != nil {
				b.Fatal(err)
			}
			entries = entries[:0]
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	size := 0
	for b.Loop() {
		j, err := Open(out, Settings{AppendRequest: o.AppendCanonical})
		if err != nil || j.DoneBefore() != n {
			b.Fatal(err)
		}
		size = 0
		for _, s := range j.ledger.tables {
			size += len(s.memory)
		}
		j.closeFiles()
	}
	b.ReportMetric(float64(size)/n, "bytes/request")
	info, err := os.Stat(out + ".journal")
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/n, "journal-bytes/request")
}
