package output

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"batchfetch/fetch"
)

func changedRecord(seq int64, url string, unchanged bool) *fetch.Record {
	r := success("text/plain", "body")
	r.Seq, r.Request.URL, r.Unchanged = seq, url, unchanged
	return r
}

// TestOnlyChanged: what is unchanged is left out, in order too, and holds up nothing.
func TestOnlyChanged(t *testing.T) {
	var out bytes.Buffer
	sink := NewInOrder(OnlyChanged{NewJSONL(&out, BodyAuto)})
	for _, r := range []*fetch.Record{changedRecord(2, "http://c/", false), changedRecord(1, "http://b/", true), changedRecord(3, "http://d/", true), changedRecord(0, "http://a/", false)} {
		sink.Encode(r)
		if r.Unchanged && len(r.Line) > 0 {
			t.Errorf("%s was rendered", r.Request.URL)
		}
		if err := sink.Put(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Flush(true); err != nil || sink.Held() != 0 {
		t.Fatalf("%d held, %v", sink.Held(), err)
	}
	if got := out.String(); strings.Count(got, "\n") != 2 || strings.Index(got, "http://a/") > strings.Index(got, "http://c/") {
		t.Errorf("got %s", got)
	}
}

// TestUnchangedIsDone: what has not changed is done as well: a resumed run does not ask for it again, whatever ended the one before.
func TestUnchangedIsDone(t *testing.T) {
	for name, end := range map[string]func(*Resumed){"killed": die, "closed": func(j *Resumed) { shut(t, j) }} {
		t.Run(name, func(t *testing.T) {
			out := filepath.Join(t.TempDir(), "out")
			j := resume(t, out)
			sink := OnlyChanged{NewCommit(j, j, BodyAuto)}
			for i, url := range []string{"http://a/", "http://b/", "http://c/"} {
				r := changedRecord(int64(i), url, i != 1)
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
			j = resume(t, out)
			defer die(j)
			for _, url := range []string{"http://a/", "http://b/", "http://c/"} {
				if !j.Done(&fetch.Request{URL: url}) {
					t.Errorf("%s is not done", url)
				}
			}
		})
	}
}

// TestUnchangedAfterATornLine: once an output has failed nothing more is done.
func TestUnchangedAfterATornLine(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	j := resume(t, out)
	defer die(j)
	c := NewCommit(j, j, BodyAuto)
	c.failed = os.ErrClosed
	if err := (OnlyChanged{c}).Put(changedRecord(0, "http://a/", true)); err == nil || len(c.pending) > 0 {
		t.Errorf("%v, %d pending", err, len(c.pending))
	}
}
