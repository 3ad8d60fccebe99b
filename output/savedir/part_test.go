package savedir

import (
	"crypto/sha256"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"testing"

	"batchfetch/fetch"
	"batchfetch/output/file"
	"batchfetch/output/file/filetest"
)

// needsLocks skips the test where files can't be locked.
func needsLocks(t *testing.T) {
	t.Helper()
	if !file.CanLock {
		t.Skip("no part is kept where files can't be locked")
	}
}

var (
	partRequest = &fetch.Request{URL: "https://a.test/body", Path: "body"}
	partMark    = fetch.PartialInfo{Validator: `"v1"`, Total: 10, URL: "https://a.test/body"}
)

const partMarkJSON = `{"if_range":"\"v1\"","total":10,"at":"https://a.test/body"}`

// suspendBody leaves text as a part of r.
func suspendBody(t *testing.T, bodies *Dir, r *fetch.Request, text string) {
	t.Helper()
	kept := startBody(t, bodies, r)
	writeText(t, kept, text)
	kept.SetInfo(partMark)
	kept.Suspend()
	kept.Abandon() // does nothing after Suspend
}

func startBody(t *testing.T, bodies *Dir, r *fetch.Request) fetch.PartialWriter {
	t.Helper()
	kept, err := bodies.Create(r)
	if err != nil {
		t.Fatal(err)
	}
	return kept.(fetch.PartialWriter)
}

func writeText(t *testing.T, w io.Writer, text string) {
	t.Helper()
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
}

// partStem returns the path of the part of r in dir, without its ending.
func partStem(t *testing.T, bodies *Dir, dir string, r *fetch.Request) string {
	t.Helper()
	folder, _, err := bodies.names.template.places(r)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, filepath.FromSlash(partStemIn(folder, r)))
}

// A part is found by the next run, continued after its first bytes, and gone once the body is committed.
func TestPartIsContinued(t *testing.T) {
	needsLocks(t)
	for _, c := range []struct{ name, template, file string }{
		{"by hand", "", "body"}, {"by hash", "{sha256}", hexSum("0123456789")},
		{"in folders", "deep/{host}/{base}", "deep/a.test/body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			r := *partRequest
			if c.template != "" {
				r.Path = ""
			}
			suspendBody(t, openDir(t, dir, c.template), &r, "01234xx")
			if got := listFiles(t, dir); len(got) != 2 {
				t.Fatalf("there are %q", got)
			}
			part := openDir(t, dir, c.template).Partial(&r)
			if part == nil || part.Size() != 7 || part.Info() != partMark {
				t.Fatalf("found %+v", part)
			}
			if text, err := io.ReadAll(part); err != nil || string(text) != "01234xx" {
				t.Errorf("it holds %q, %v", text, err)
			}
			kept, err := part.Continue(5)
			if err != nil {
				t.Fatal(err)
			}
			writeText(t, kept, "56789")
			path, err := kept.Commit(sha256.Sum256([]byte("0123456789")))
			if err != nil || path != filepath.Join(dir, filepath.FromSlash(c.file)) ||
				filetest.Read(t, path) != "0123456789" {
				t.Errorf("saved as %q, %v", path, err)
			}
			if got := listFiles(t, dir); !slices.Equal(got, []string{c.file}) {
				t.Errorf("there are %q", got)
			}
		})
	}
}

// A continued body that is suspended again is a part; one that is abandoned leaves nothing.
func TestPartEnds(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	for _, c := range []struct {
		name string
		end  func(fetch.PartialBody)
		want string // the part's content then; empty: there is none
	}{
		{"left", fetch.PartialBody.Release, "01234"},
		{"continued and suspended", func(p fetch.PartialBody) { k, _ := p.Continue(5); writeText(t, k, "5"); k.Suspend() },
			"012345"},
		{"continued before its end and suspended", func(p fetch.PartialBody) {
			k,
				_ := p.Continue(2)
			writeText(t, k, "2")
			k.Suspend()
		}, "012"},
		{"continued and abandoned", func(p fetch.PartialBody) { k, _ := p.Continue(5); writeText(t, k, "5"); k.Abandon() },
			""},
		{"dropped", fetch.PartialBody.Remove, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			suspendBody(t, bodies, partRequest, "01234")
			c.end(bodies.Partial(partRequest))
			part := bodies.Partial(partRequest)
			if c.want == "" {
				if got := listFiles(t, dir); part != nil || len(got) > 0 {
					t.Errorf("found %+v of %q", part, got)
				}
				return
			}
			text, err := io.ReadAll(part)
			part.Remove()
			if string(text) != c.want || err != nil {
				t.Errorf("it holds %q, %v", text, err)
			}
		})
	}
}

// A body without a mark leaves nothing when it is suspended.
func TestUnmarkedBodyIsAbandoned(t *testing.T) {
	dir := t.TempDir()
	kept := startBody(t, openDir(t, dir, ""), partRequest)
	writeText(t, kept, "01234")
	kept.Suspend()
	if got := listFiles(t, dir); len(got) > 0 {
		t.Errorf("there are %q", got)
	}
}

// A part has one owner at a time, and SetInfo replaces a part that nobody owns.
func TestPartHasOneOwner(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	// as two processes: each open file is locked by itself
	here, there := openDir(t, dir, ""), openDir(t, dir, "")
	suspendBody(t, here, partRequest, "01234")
	there.mayHoldParts.Store(true)
	part := here.Partial(partRequest)
	if other := there.Partial(partRequest); other != nil {
		t.Fatal("two have one part")
	}
	second := startBody(t, there, partRequest) // the part is owned: this body can't become one
	writeText(t, second, "abcde")
	second.SetInfo(fetch.PartialInfo{Validator: `"other"`, URL: "https://a.test/other"})
	first, err := part.Continue(5)
	if err != nil {
		t.Fatal(err)
	}
	writeText(t, first, "56789")
	writeText(t, second, "fghij")
	if path, err := second.Commit(sha256.Sum256([]byte("abcdefghij"))); err != nil ||
		filetest.Read(t, path) != "abcdefghij" {
		t.Errorf("the second is %q, %v", path, err)
	}
	first.Suspend()
	found := there.Partial(partRequest)
	if found == nil || found.Info() != partMark {
		t.Fatalf("the first's part is %+v", found)
	}
	found.Release()

	third := startBody(t, here, partRequest) // nobody owns the part: it is replaced
	writeText(t, third, "klm")
	third.SetInfo(partMark)
	if there.Partial(partRequest) != nil {
		t.Error("what is being written was found")
	}
	third.Suspend()
	found = there.Partial(partRequest)
	if text, err := io.ReadAll(found); string(text) != "klm" || err != nil {
		t.Errorf("it holds %q, %v", text, err)
	}
	found.Remove()
	if got := listFiles(t, dir); !slices.Equal(got, []string{"body"}) {
		t.Errorf("there are %q", got)
	}
}

// Requests that ask for something else, or for another folder, do not share parts. Another name does not matter: with
// {index} it changes when the list is edited.
func TestPartBelongsToItsRequest(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	bodies := openDir(t, dir, "")
	suspendBody(t, bodies, partRequest, "01234")
	for _, r := range []fetch.Request{
		{URL: "https://a.test/body?page=2", Path: "body"}, {URL: "https://a.test/body", Path: "a/body"},
		{URL: "https://a.test/body"},
		{URL: "https://a.test/body", Path: "body", Header: http.Header{"Accept": {"text/plain"}}},
	} {
		if part := bodies.Partial(&r); part != nil {
			t.Errorf("%+v gets a part", r)
		}
	}
	if again := bodies.Partial(&fetch.Request{URL: "https://a.test/body", Path: "other", Index: 7}); again == nil {
		t.Error("its own request does not find it")
	}
}

// Partial does not look into a directory that was empty.
func TestEmptyDirectoryHoldsNoPart(t *testing.T) {
	needsLocks(t)
	dir := t.TempDir()
	first := openDir(t, dir, "")
	if first.mayHoldParts.Load() {
		t.Error("parts are looked for in an empty directory")
	}
	suspendBody(t, first, partRequest, "01234")
	if !first.mayHoldParts.Load() || !openDir(t, dir, "").mayHoldParts.Load() {
		t.Error("parts are not looked for where there is one")
	}
}
