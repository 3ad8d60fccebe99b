package output

import (
	"errors"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/output/encode/encodetest"
)

// Counts counts Records and failures, and keeps the first example of each kind.
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
	if got := counts.Examples[failure.DNS]; got != want {
		t.Errorf("example is %+v, want %+v", got, want)
	}
	if err := counts.Flush(true); err != nil || len(inner.flushes) != 1 || !inner.flushes[0] {
		t.Errorf("flush: %v, %v", err, inner.flushes)
	}
}

// Counts unwraps to its inner Sink, which may be a fetch.Holder, and is none itself.
func TestCountsShowsWhatIsInside(t *testing.T) {
	ordered := NewInOrder(&lineSink{})
	if inside := NewCounts(ordered).Unwrap(); inside != fetch.Sink(ordered) {
		t.Errorf("inside is %v", inside)
	}
	if _, holds := fetch.Sink(NewCounts(&lineSink{})).(fetch.Holder); holds {
		t.Error("it says that it keeps Records back")
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
	if got := counts.Examples[failure.InvalidRequest].URL; got != `{"id":1,"headers":{"cookie ***` {
		t.Errorf("the example is %q", got)
	}
}
