package journal

import (
	"path/filepath"
	"reflect"
	"testing"

	"batchfetch/fetch"
)

// TestPagesSurvive: a request whose first pages are done is that of the page that comes next, in the following run and
// once; one whose last page is done is done.
func TestPagesSurvive(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	o := fetch.Defaults()
	settings := Settings{AppendRequest: o.AppendCanonical, MaxPages: 1000}
	first := fetch.Request{URL: "https://ann:pass@example.com/1", Method: "POST", Body: []byte("q")}
	page := func(number int64, url string) *fetch.Page {
		return &fetch.Page{Number: number, URL: url, Get: true, PublicOnly: true}
	}
	runs := []struct {
		next     []*fetch.Page // of the pages that the run does; nil is the last one
		url      string        // of the request at its start
		number   int64
		wantDone bool
	}{
		{next: []*fetch.Page{page(2, "https://example.com/2"), page(3, "https://example.com/3")}, url: first.URL},
		{next: []*fetch.Page{page(4, "https://example.com/4")}, url: "https://ann:pass@example.com/3", number: 3},
		{next: []*fetch.Page{nil}, url: "https://ann:pass@example.com/4", number: 4},
		{url: first.URL, wantDone: true},
	}
	for i, run := range runs {
		j, err := Open(out, settings)
		if err != nil {
			t.Fatal(err)
		}
		r := first
		done := j.Done(&r)
		if done != run.wantDone || r.URL != run.url || r.Page != run.number {
			t.Errorf("run %d: done %t, page %d, %s", i, done, r.Page, r.URL)
		}
		if r.Page > 1 && (r.Method != "GET" || r.Body != nil || !r.PublicOnly || r.OmitCredentials) {
			t.Errorf("run %d: %+v", i, r)
		}
		again := first
		if j.Done(&again); again.URL != first.URL {
			t.Errorf("run %d: an equal request begins at %s", i, again.URL)
		}
		for _, next := range run.next {
			if err := j.commit([]entry{{tag: r.Tag, name: 7, next: next}, {tag: newTag(requestHash{9, 9}, 0)}}); err != nil {
				t.Fatal(err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPageEntries: what appendPage writes is read as it was; an entry that is not whole is none.
func TestPageEntries(t *testing.T) {
	for _, want := range []fetch.Page{
		{Number: 2, URL: "https://example.com/2"}, {Number: 1 << 40, Get: true, OmitCredentials: true},
		{Number: 3, URL: "x", PublicOnly: true}, {Number: 4, URL: "?c=d", Params: []string{}},
		{Number: 5, URL: "/graphql", Body: []byte("{\n}")},
	} {
		text := appendPage(nil, &entry{tag: newTag(requestHash{1, 2}, 3), name: 4, next: &want})
		e, rest := readPage(append(text, "more"...))
		if e.next == nil || !reflect.DeepEqual(*e.next, want) || e.name != 4 ||
			e.tag != newTag(requestHash{1, 2}, 3) || string(rest) != "more" {
			t.Errorf("got %+v of %+v", e, want)
		}
		if e, rest := readPage(text[:len(text)-1]); e.next != nil || rest != nil {
			t.Errorf("cut short: %+v", e)
		}
	}
	if e, _ := readPage(appendPage(nil, new(entry))); e.next != nil {
		t.Error("the last page has a next one")
	}
}
