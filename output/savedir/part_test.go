package savedir

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// needsLocks skips a test of parts where there are none.
func needsLocks(t *testing.T) {
	t.Helper()
	if !file.CanLock {
		t.Skip("no part is kept where files can't be locked")
	}
}

var (
	sought = &fetch.Request{URL: "https://a.test/body", Path: "body"}
	marked = fetch.Mark{Validator: `"v1"`, Total: 10, At: "https://a.test/body"}
)

const markedText = `{"if_range":"\"v1\"","total":10,"at":"https://a.test/body"}`

// suspend leaves text as a part of the body of r.
func suspend(t *testing.T, bodies *Dir, r *fetch.Request, text string) {
	t.Helper()
	kept := begin(t, bodies, r)
	pour(t, kept, text)
	kept.Mark(marked)
	kept.Suspend()
	kept.Abandon() // as after Commit, nothing
}

func begin(t *testing.T, bodies *Dir, r *fetch.Request) fetch.PartKeeping {
	t.Helper()
	kept, err := bodies.Keep(r)
	if err != nil {
		t.Fatal(err)
	}
	return kept.(fetch.PartKeeping)
}

func pour(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

// stemIn is where the part of r lies below dir, without its ending.
func stemIn(t *testing.T, bodies *Dir, dir string, r *fetch.Request) string {
	t.Helper()
	stem, err := bodies.stem(r)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, filepath.FromSlash(stem))
}

// A part is found by the next run, continued behind its first bytes, and gone with the body's commit.
func TestPartIsContinued(t *testing.T) {
	needsLocks(t)
	for _, c := range []struct{ name, template, file string }{
		{"by hand", "", "body"}, {"by hash", "{sha256}", hexSum("0123456789")}, {"in folders", "deep/{host}/{base}", "deep/a.test/body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			r := *sought
			if c.template != "" {
				r.Path = ""
			}
			suspend(t, savedIn(t, dir, c.template), &r, "01234xx")
			if got := files(t, dir); len(got) != 2 {
				t.Fatalf("there are %q", got)
			}
			part := savedIn(t, dir, c.template).Part(&r)
			if part == nil || part.Size() != 7 || part.Mark() != marked {
				t.Fatalf("found %+v", part)
			}
			if text, err := io.ReadAll(part); err != nil || string(text) != "01234xx" {
				t.Errorf("it holds %q, %v", text, err)
			}
			kept, err := part.Continue(5)
			if err != nil {
				t.Fatal(err)
			}
			pour(t, kept, "56789")
			path, err := kept.Commit(sha256.Sum256([]byte("0123456789")))
			if err != nil || path != filepath.Join(dir, filepath.FromSlash(c.file)) || filetest.Read(t, path) != "0123456789" {
				t.Errorf("saved as %q, %v", path, err)
			}
			if got := files(t, dir); !slices.Equal(got, []string{c.file}) {
				t.Errorf("there are %q", got)
			}
		})
	}
}

// A continued body that is cut off again is a part still; one that is abandoned leaves nothing.
func TestPartEnds(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	bodies := savedIn(t, dir, "")
	for _, c := range []struct {
		name string
		end  func(fetch.Part)
		want string // what the part holds then; empty is none
	}{
		{"left", fetch.Part.Leave, "01234"},
		{"continued and suspended", func(p fetch.Part) { k, _ := p.Continue(5); pour(t, k, "5"); k.Suspend() }, "012345"},
		{"continued before its end and suspended", func(p fetch.Part) { k, _ := p.Continue(2); pour(t, k, "2"); k.Suspend() }, "012"},
		{"continued and abandoned", func(p fetch.Part) { k, _ := p.Continue(5); pour(t, k, "5"); k.Abandon() }, ""},
		{"dropped", fetch.Part.Drop, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			suspend(t, bodies, sought, "01234")
			c.end(bodies.Part(sought))
			part := bodies.Part(sought)
			if c.want == "" {
				if got := files(t, dir); part != nil || len(got) > 0 {
					t.Errorf("found %+v of %q", part, got)
				}
				return
			}
			text, err := io.ReadAll(part)
			part.Drop()
			if string(text) != c.want || err != nil {
				t.Errorf("it holds %q, %v", text, err)
			}
		})
	}
}

// Nothing is left of a body that was never marked.
func TestUnmarkedBodyIsAbandoned(t *testing.T) {
	dir := t.TempDir()
	kept := begin(t, savedIn(t, dir, ""), sought)
	pour(t, kept, "01234")
	kept.Suspend()
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("there are %q", got)
	}
}

// A new body takes the place of a part when it is marked, and every part has one owner.
func TestPartHasOneOwner(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	here, there := savedIn(t, dir, ""), savedIn(t, dir, "") // as two processes: each opening of a file is locked by itself
	suspend(t, here, sought, "01234")
	there.littered.Store(true)
	part := here.Part(sought)
	if other := there.Part(sought); other != nil {
		t.Fatal("two have one part")
	}
	second := begin(t, there, sought) // the name is taken: it goes on under its own
	pour(t, second, "abcde")
	second.Mark(fetch.Mark{Validator: `"other"`, At: "https://a.test/other"})
	first, err := part.Continue(5)
	if err != nil {
		t.Fatal(err)
	}
	pour(t, first, "56789")
	pour(t, second, "fghij")
	if path, err := second.Commit(sha256.Sum256([]byte("abcdefghij"))); err != nil || filetest.Read(t, path) != "abcdefghij" {
		t.Errorf("the second is %q, %v", path, err)
	}
	first.Suspend()
	found := there.Part(sought)
	if found == nil || found.Mark() != marked {
		t.Fatalf("the first's part is %+v", found)
	}
	found.Leave()

	third := begin(t, here, sought) // nobody has it: it is replaced
	pour(t, third, "klm")
	third.Mark(marked)
	if there.Part(sought) != nil {
		t.Error("what is being written was found")
	}
	third.Suspend()
	found = there.Part(sought)
	if text, err := io.ReadAll(found); string(text) != "klm" || err != nil {
		t.Errorf("it holds %q, %v", text, err)
	}
	found.Drop()
	if got := files(t, dir); !slices.Equal(got, []string{"body"}) {
		t.Errorf("there are %q", got)
	}
}

// Requests that ask something else, or for another folder, have nothing to do with each other's parts. Another name does not matter:
// with {index} it changes when the list is edited.
func TestPartBelongsToItsRequest(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	bodies := savedIn(t, dir, "")
	suspend(t, bodies, sought, "01234")
	for _, r := range []fetch.Request{
		{URL: "https://a.test/body?page=2", Path: "body"}, {URL: "https://a.test/body", Path: "a/body"}, {URL: "https://a.test/body"},
		{URL: "https://a.test/body", Path: "body", Header: http.Header{"Accept": {"text/plain"}}},
	} {
		if part := bodies.Part(&r); part != nil {
			t.Errorf("%+v gets a part", r)
		}
	}
	if again := bodies.Part(&fetch.Request{URL: "https://a.test/body", Path: "other", Index: 7}); again == nil {
		t.Error("its own request does not find it")
	}
}

// Nobody looks for parts where there can be none.
func TestEmptyDirectoryHoldsNoPart(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	first := savedIn(t, dir, "")
	if first.littered.Load() {
		t.Error("parts are looked for in an empty directory")
	}
	suspend(t, first, sought, "01234")
	if !first.littered.Load() || !savedIn(t, dir, "").littered.Load() {
		t.Error("parts are not looked for where there is one")
	}
}

// Two runs at once want one body: both end with it whole, whoever has the part.
func TestTwoRunsOnOnePart(t *testing.T) {
	needsLocks(t)
	body := strings.Repeat("0123456789abcdef", 20_000)
	dir, url := t.TempDir(), serveBody(t, body)
	first := savedIn(t, dir, "{sha256}")
	r := fetch.Request{URL: url}
	kept := begin(t, first, &r)
	pour(t, kept, body[:100_000])
	kept.Mark(fetch.Mark{Validator: `"v1"`, Total: int64(len(body)), At: url + "/"})
	kept.Suspend()
	results := make(chan *fetch.Record)
	for range 2 {
		bodies := savedIn(t, dir, "{sha256}")
		go func() { results <- fetchInto(bodies, r, r) }() // and each of them twice
	}
	for range 2 {
		record := <-results
		if record == nil {
			t.Fatal("a run failed")
		}
		if record.Failure != nil || record.Bytes != int64(len(body)) || filetest.Read(t, record.Path) != body {
			t.Errorf("%v, %d bytes", record.Failure, record.Bytes)
		}
	}
	if got := files(t, dir); !slices.Equal(got, []string{hexSum(body)}) {
		t.Errorf("there are %q", got)
	}
}

// fetchInto returns the last Record of a run of these requests, or nil.
func fetchInto(bodies *Dir, requests ...fetch.Request) *fetch.Record {
	o := fetch.Defaults()
	o.Keeper, o.Retries = bodies, 0
	var last *fetch.Record
	source := func(yield func(fetch.Request, error) bool) {
		for i, r := range requests {
			r.Index = int64(i)
			if !yield(r, nil) {
				return
			}
		}
	}
	s, err := fetch.Run(context.Background(), source, fetch.SinkFunc(func(r *fetch.Record) error { last = r; return nil }), o)
	if err != nil || s.Succeeded != int64(len(requests)) {
		return nil
	}
	return last
}

// serveBody serves one body, with ranges.
func serveBody(t *testing.T, body string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"v1"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
	}))
	t.Cleanup(server.Close)
	return server.URL
}
