package output

import (
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

// Counts counts Records and failures, and keeps the first example of each Cause.
func TestCounts(t *testing.T) {
	inner := &lineSink{}
	counts := NewCounts(inner)
	put := func(kind failure.Kind, url string) {
		r := encodetest.Failure(kind, "message of "+url)
		if kind == "" {
			r = encodetest.Success("text/plain", "x")
		}
		r.Request.URL = url
		if err := counts.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	put("", "http://good/")
	put(failure.DNS, "http://ann:secret@first/")
	put(failure.DNS, "http://second/")
	put(failure.InvalidRequest, "")
	if done, failed := counts.Done.Load(), counts.Failed.Load(); done != 4 || failed != 3 {
		t.Errorf("done %d, failed %d; want 4, 3", done, failed)
	}
	if len(inner.lines) != 4 {
		t.Errorf("%d Records were passed on, want 4", len(inner.lines))
	}
	want := Example{URL: "http://***@first/", Message: "message of http://ann:secret@first/"}
	got := counts.Groups()[0]
	if got.Kind != failure.DNS || got.Count != 2 || got.Example != want || got.Host != "first" {
		t.Errorf("the largest group is %+v, want %+v", got, want)
	}
	if err := counts.Flush(true); err != nil || len(inner.flushes) != 1 || !inner.flushes[0] {
		t.Errorf("flush: %v, %v", err, inner.flushes)
	}
}

// Counts unwraps to its inner Sink, which may be a fetch.Holder, and is none itself.
func TestCountsShowsWhatIsInside(t *testing.T) {
	ordered := NewInOrder(&lineSink{}, nil)
	if inside := NewCounts(ordered).Unwrap(); inside != fetch.Sink(ordered) {
		t.Errorf("inside is %v", inside)
	}
	if _, holds := fetch.Sink(NewCounts(&lineSink{})).(fetch.Holder); holds {
		t.Error("it says that it keeps Records back")
	}
}

// The example of a group is the earliest in the input, whichever has ended first.
func TestExampleIsTheEarliest(t *testing.T) {
	counts := NewCounts(&lineSink{})
	for _, index := range []int64{5, 2, 3} {
		r := &fetch.Record{Failure: &failure.Failure{Kind: failure.DNS, Err: errors.New("text")}}
		r.Request = fetch.Request{URL: fmt.Sprintf("http://host-%d.test/", index), Index: index}
		if err := counts.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if g := counts.Groups()[0]; g.Host != "host-2.test" || g.Example.URL != "http://host-2.test/" {
		t.Errorf("the example is %+v at %q", g.Example, g.Host)
	}
}

// The example of an input line without a URL is the masked start of that line.
func TestExampleOfALineWithoutURL(t *testing.T) {
	counts := NewCounts(&lineSink{})
	r := &fetch.Record{Input: []byte(`{"id":1,"headers":{"cookie ***`),
		Failure: &failure.Failure{Kind: failure.InvalidRequest, Err: errors.New("no url")}}
	if err := counts.Put(r); err != nil {
		t.Fatal(err)
	}
	if got := counts.Groups()[0].Example.URL; got != `{"id":1,"headers":{"cookie ***` {
		t.Errorf("the example is %q", got)
	}
}

// TestGroups: failures of one Kind are told apart by their status, and what the system says of a connection; what was
// only canceled has not failed.
func TestGroups(t *testing.T) {
	counts := NewCounts(&lineSink{})
	put := func(n int, kind failure.Kind, status int, err error) {
		for i := range n {
			r := &fetch.Record{Status: status, Failure: &failure.Failure{Kind: kind, Err: err}}
			r.Request = fetch.Request{URL: fmt.Sprintf("http://host-%d.test/", i), File: "urls.txt", Line: 7}
			if err := counts.Put(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	text := errors.New("text")
	put(30, failure.BadStatus, 404, text)
	put(5, failure.BadStatus, 401, text)
	put(4, failure.Connect, 0, &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)})
	put(3, failure.Connect, 0, text)
	put(2, failure.InvalidRequest, 0, text)
	put(200, failure.Canceled, 0, text)
	put(150, failure.TLS, 0, text)
	var got []string
	for _, g := range counts.Groups() {
		n, more := g.Hosts()
		got = append(got, fmt.Sprintf("%d %s, %d hosts %t %s", g.Count, g.Words, n, more, g.Example.Line))
	}
	want := []string{"150 TLS failed, 100 hosts true ", "30 404 Not Found, 30 hosts false ",
		"5 401 Unauthorized, 5 hosts false ", "4 connection refused, 4 hosts false ", "3 no connection, 3 hosts false ",
		"2 unusable input line, 2 hosts false urls.txt:7"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if failed := counts.Failed.Load(); failed != 194 {
		t.Errorf("%d failed", failed)
	}
}

// TestKindsHaveWords: a summary has words for every Kind.
func TestKindsHaveWords(t *testing.T) {
	for _, kind := range failure.Kinds() {
		if kindWords[kind] == "" {
			t.Errorf("no words for %s", kind)
		}
	}
}
