package journal

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/encode/encodetest"
)

// TestUnchangedIsDone: a Record that is unchanged is done without a line, whether the run was killed or closed.
func TestUnchangedIsDone(t *testing.T) {
	for name, end := range map[string]func(*Output){"killed": crash, "closed": func(j *Output) { closeJournal(t, j) }} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			j := openJournal(t, out)
			sink := output.OnlyChanged{Sink: NewSink(j, j, encode.Layout{Body: encode.BodyAuto})}
			for i, url := range []string{"http://a/", "http://b/", "http://c/"} {
				r := recordOf(int64(i), url, i != 1)
				if j.Done(&r.Request) {
					t.Fatalf("%s was done", url)
				}
				sink.Encode(r)
				if err := sink.Put(r); err != nil {
					t.Fatal(err)
				}
			}
			if err := sink.Flush(false); err != nil || j.Committed() != 3 {
				t.Fatalf("%d committed, %v", j.Committed(), err)
			}
			end(j)
			if text, err := os.ReadFile(out); err != nil || bytes.Count(text, []byte("\n")) != 1 {
				t.Errorf("the output is %q, %v", text, err)
			}
			j = openJournal(t, out)
			defer crash(j)
			for _, url := range []string{"http://a/", "http://b/", "http://c/"} {
				if !j.Done(&fetch.Request{URL: url}) {
					t.Errorf("%s is not done", url)
				}
			}
		})
	}
}

// TestLongBodiesOfPages: bodies for next pages that are together longer than a frame may be are committed, and found by
// a later run, whose requests are not done.
func TestLongBodiesOfPages(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	open := func() *Output {
		j, err := Open(out, Settings{AppendRequest: appendURL, MaxPages: 2})
		if err != nil {
			t.Fatal(err)
		}
		return j
	}
	j := open()
	sink := NewSink(j, j, encode.Layout{Body: encode.BodyAuto})
	body := bytes.Repeat([]byte("x"), maxPayload) // as long as --data may be
	urls := []string{"http://a/", "http://b/", "http://c/"}
	for i, url := range urls {
		r := recordOf(int64(i), url, false)
		if j.Done(&r.Request) {
			t.Fatalf("%s was done", url)
		}
		r.Next, r.More = &fetch.Page{Number: 2, URL: url, Body: body}, true
		sink.Encode(r)
		if err := sink.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if j.Committed() != 3 {
		t.Errorf("%d are committed", j.Committed())
	}
	crash(j)
	j = open()
	defer crash(j)
	for _, url := range urls {
		if r := (&fetch.Request{URL: url}); j.Done(r) || r.Page != 2 || len(r.Body) != len(body) {
			t.Errorf("%s goes on at page %d with %d bytes", url, r.Page, len(r.Body))
		}
	}
}

// TestUnchangedAfterATornLine: nothing is committed once a write has failed.
func TestUnchangedAfterATornLine(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := openJournal(t, out)
	defer crash(j)
	c := NewSink(j, j, encode.Layout{Body: encode.BodyAuto})
	c.failed = os.ErrClosed
	if err := (output.OnlyChanged{Sink: c}).Put(recordOf(0, "http://a/", true)); err == nil || len(c.pending) > 0 {
		t.Errorf("%v, %d pending", err, len(c.pending))
	}
}

// recordOf returns a success of url.
func recordOf(seq int64, url string, unchanged bool) *fetch.Record {
	r := encodetest.Success("text/plain", "body")
	r.Seq, r.Request.URL, r.Unchanged = seq, url, unchanged
	return r
}
