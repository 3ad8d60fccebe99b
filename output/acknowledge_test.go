package output

import (
	"errors"
	"slices"
	"testing"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
)

// A failingSink is a fetch.Sink that fails as it is said to.
type failingSink struct{ put, flush error }

func (s *failingSink) Encode(*fetch.Record)    {}
func (s *failingSink) Put(*fetch.Record) error { return s.put }
func (s *failingSink) Flush(bool) error        { return s.flush }

// TestAcknowledge: an entry is done once its last Record was flushed, unless it was only canceled or something failed.
func TestAcknowledge(t *testing.T) {
	inner, broken := &failingSink{}, errors.New("broken")
	var done []string
	a := NewAcknowledge(inner, func(entries []string) { done = append(done, entries...) })
	put := func(entry string, more bool, why failure.Kind) {
		r := &fetch.Record{Request: fetch.Request{Delivery: entry, Entry: "0-0"}, More: more}
		if why != "" {
			r.Failure = failure.New(why, "why")
		}
		if err := a.Put(r); !errors.Is(err, inner.put) {
			t.Error(err)
		}
	}
	expect := func(want ...string) {
		t.Helper()
		if !slices.Equal(done, want) {
			t.Errorf("%q are done, want %q", done, want)
		}
	}
	put("1-0", false, "")
	put("2-0", true, "")
	put("3-0", false, failure.Timeout)
	put("4-0", false, failure.Canceled)
	put("", false, "")
	expect()
	_ = a.Flush(false)
	expect("1-0", "3-0")
	put("2-0", false, "")
	_ = a.Flush(false)
	expect("1-0", "3-0", "2-0")

	put("5-0", false, "")
	inner.put = broken
	put("6-0", false, "")
	inner.put = nil
	_ = a.Flush(true) // what the Put that failed has lost is not known
	expect("1-0", "3-0", "2-0")

	a = NewAcknowledge(inner, func(entries []string) { done = append(done, entries...) })
	put("7-0", false, "")
	inner.flush = broken
	if err := a.Flush(false); !errors.Is(err, broken) {
		t.Error(err)
	}
	inner.flush = nil
	_ = a.Flush(true)
	expect("1-0", "3-0", "2-0")
}
