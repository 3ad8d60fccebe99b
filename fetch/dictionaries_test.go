package fetch

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/coding/codingtest"
)

// A deltaOrigin serves pages over https that may be used as dictionaries, and codes them with the dictionary that a
// request offers, where it is one of its own.
type deltaOrigin struct {
	rig     *cacheRig
	known   map[string]string // contents that were served, by what Available-Dictionary says of them
	offered []string          // by each request: the content that it offered, shortened; "-" is none, "?" an unknown one
	ids     []string          // Dictionary-ID of each request
	headers []string          // of its responses
	as      func(text, dictionary string) string
}

// newDeltaOrigin returns one whose responses have these headers, names and values in turn.
func newDeltaOrigin(rig *cacheRig, headers ...string) *deltaOrigin {
	o := &deltaOrigin{rig: rig, known: map[string]string{}, headers: headers}
	o.as = func(text, dictionary string) string { return codingtest.EncodeWithDictionary(rig, text, dictionary) }
	return o
}

// set sets the page at path.
func (o *deltaOrigin) set(path, text string, headers ...string) {
	sum := sha256.Sum256([]byte(text))
	o.known[":"+base64.StdEncoding.EncodeToString(sum[:])+":"] = text
	headers = append(headers, o.headers...)
	o.rig.pages[path] = func(r *http.Request) *http.Response {
		offer := r.Header.Get("Available-Dictionary")
		o.ids = append(o.ids, r.Header.Get("Dictionary-ID"))
		dictionary, ok := o.known[offer]
		switch {
		case offer == "":
			o.offered = append(o.offered, "-")
			return withDate(newResponse(200, text, headers...))
		case !ok || !strings.Contains(r.Header.Get("Accept-Encoding"), "dcz"):
			o.offered = append(o.offered, "?")
			return withDate(newResponse(200, text, headers...))
		}
		o.offered = append(o.offered, dictionary[:min(len(dictionary), 8)])
		coded := append([]string{"Content-Encoding", "dcz", "Vary", "Accept-Encoding, Available-Dictionary"}, headers...)
		return withDate(newResponse(200, o.as(text, dictionary), coded...))
	}
}

// wantOffers compares what was offered since the last call, in any order.
func (o *deltaOrigin) wantOffers(want ...string) {
	o.rig.Helper()
	slices.Sort(o.offered)
	slices.Sort(want)
	if !slices.Equal(o.offered, want) {
		o.rig.Errorf("offered %q, want %q", o.offered, want)
	}
	o.offered = nil
}

// longText returns a text of which little can be compressed without a dictionary, and which begins with name.
func longText(name string) string {
	var b strings.Builder
	b.WriteString(name + " is a page: ")
	for i := range 200 {
		sum := sha256.Sum256(fmt.Append(nil, i))
		fmt.Fprintf(&b, "%x", sum)
	}
	return b.String()
}

// staleFor is the Cache-Control of pages that may be used as dictionaries for a day after their minute of freshness.
var staleFor = []string{"Cache-Control", "max-age=60, stale-while-revalidate=86400"}

// TestDeltaOfPage: a page that is stale is the dictionary for its own next version, from run to run, and what comes is
// stored decoded.
func TestDeltaOfPage(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		o := newDeltaOrigin(rig, append(staleFor, "Use-As-Dictionary", `match="/page", id="v 1"`)...)
		const url = "https://a.test/page"
		first, second := longText("the first"), longText("the second")
		o.set("/page", first)
		rig.want(1, "miss 200 "+first, nil, url)
		o.wantOffers("-")
		rig.want(0, "hit 200 "+first, nil, url)
		time.Sleep(2 * time.Minute)
		o.set("/page", second)
		rig.want(1, "miss 200 "+second, nil, url)
		o.wantOffers("the firs")
		if id := o.ids[len(o.ids)-1]; id != `"v 1"` {
			t.Errorf("Dictionary-ID: %s", id)
		}
		if s := rig.summary; s.WireBytes > 1000 || s.Bytes != int64(len(second)) {
			t.Errorf("%d bytes of %d were received", s.WireBytes, s.Bytes)
		}
		if coded := rig.records[0].ContentEncoding; coded != "dcz" {
			t.Errorf("content encoding %q", coded)
		}
		rig.want(0, "hit 200 "+second, func(o *Options) { o.KeepHeader = true }, url)
		if hit := rig.records[0]; hit.ContentEncoding != "" || hit.Header["Content-Encoding"] != nil {
			t.Errorf("a hit has the coding that was taken off: %q, %v", hit.ContentEncoding, hit.Header)
		}
		time.Sleep(2 * time.Minute)
		o.set("/page", first)
		rig.want(1, "miss 200 "+first, nil, url)
		o.wantOffers("the seco")
		time.Sleep(25 * time.Hour) // it may not be served any more, so it is no dictionary either
		rig.want(1, "miss 200 "+first, nil, url)
		o.wantOffers("-")
	})
}

// TestDictionaryForOthers: a response for other URLs is offered to them, in the same run and in the next; of several
// the one with the longest match, and of those with one match the last.
func TestDictionaryForOthers(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		o := newDeltaOrigin(rig, "Cache-Control", "max-age=3600")
		one := func(o *Options) { o.Concurrency, o.HostConcurrency = 1, 1 }
		o.set("/dict/all", longText("all"), "Use-As-Dictionary", `match="/*"`)
		o.set("/dict/a", longText("a"), "Use-As-Dictionary", `match="/a/*", match-dest=("document")`)
		o.set("/dict/a2", longText("a, again"), "Use-As-Dictionary", `match="/a/*"`)
		o.set("/dict/no", longText("not raw"), "Use-As-Dictionary", `match="/a/b/*", type=other`)
		o.set("/dict/re", longText("no"), "Use-As-Dictionary", `match="/a/b/(.*)"`)
		o.set("/dict/far", longText("far"), "Use-As-Dictionary", `match="https://b.test/a/b/*"`)
		for _, path := range []string{"/a/b/c", "/a/d", "/x", "/y", "/z", "/archived", "/last"} {
			o.set(path, longText(path))
		}
		rig.run(one, "https://a.test/dict/all", "https://a.test/dict/a")
		o.offered = nil
		rig.want(1, "miss 200 "+longText("/a/b/c"), one, "https://a.test/a/b/c")
		o.wantOffers("a is a p")
		rig.run(one, "https://a.test/dict/no", "https://a.test/dict/re", "https://a.test/dict/far", "https://a.test/dict/a2")
		o.offered = nil
		rig.want(2, "miss 200 "+longText("/a/d")+"; miss 200 "+longText("/x"), one, "https://a.test/a/d", "https://a.test/x")
		o.wantOffers("a, again", "all is a")
		if rig.summary.WireBytes > 2000 {
			t.Errorf("%d bytes were received", rig.summary.WireBytes)
		}

		// another origin, another login, plain http, a coding of the user's own, none, an archive: nothing is offered
		rig.run(one, "http://a.test/y", "https://b.test/y",
			`{"url":"https://a.test/y","headers":{"Authorization":"Bearer x"}}`,
			`{"url":"https://a.test/y","headers":{"Accept-Encoding":"gzip"}}`)
		rig.run(func(o *Options) { o.Identity = true }, "https://a.test/z")
		rig.run(func(o *Options) { o.Archive = func(*Capture) error { return nil } }, "https://a.test/archived")
		o.wantOffers("-", "-", "-", "-", "-", "-")
		rig.run(one, "https://a.test/last") // and nothing of that was forgotten
		o.wantOffers("all is a")

		time.Sleep(2 * time.Hour) // now they are stale
		rig.run(one, "https://a.test/y")
		o.wantOffers("-")
	})
}

// TestBrokenDelta: a body that can't be decoded with the dictionary is requested again without one, at no attempt; a
// dictionary that was removed, or is corrupt, is not offered.
func TestBrokenDelta(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		o := newDeltaOrigin(rig, append(staleFor, "Use-As-Dictionary", `match="/page"`)...)
		const url = "https://a.test/page"
		text := longText("x")
		for name, as := range map[string]func(string, string) string{
			"another dictionary": func(text, _ string) string { return codingtest.EncodeWithDictionary(t, text, "another") },
			"no dcz":             func(text, _ string) string { return text },
			"broken": func(text, dictionary string) string {
				coded := codingtest.EncodeWithDictionary(t, text, dictionary)
				return coded[:len(coded)-3] + "xxx"
			},
		} {
			o.set("/page", text)
			rig.run(nil, url)
			time.Sleep(2 * time.Minute)
			o.offered, o.as = nil, as
			rig.want(2, "miss 200 "+text, nil, url) // without a retry: Options.Retries is 0
			if o.wantOffers(text[:8], "-"); t.Failed() {
				t.Fatal(name)
			}
			time.Sleep(2 * time.Minute)
		}
		o.offered = nil
		for _, file := range rig.entryFiles() {
			if err := overwrite(file, 20, 'X'); err != nil {
				t.Fatal(err)
			}
		}
		rig.want(1, "miss 200 "+text, nil, url)
		o.wantOffers("-")
	})
}
