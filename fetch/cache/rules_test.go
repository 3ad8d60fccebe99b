package cache

import (
	"net/http"
	"testing"
	"time"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// header returns a header of pairs, each a name and a value; a name may be repeated.
func header(pairs ...string) http.Header {
	h := make(http.Header)
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// at returns the date of noon and an offset as in a header.
func at(offset time.Duration) string { return noon.Add(offset).Format(http.TimeFormat) }

// TestKeeps checks RFC 9111 section 3: which responses may be stored, and can be reused then.
func TestKeeps(t *testing.T) {
	for _, tt := range []struct {
		name   string
		rules  Rules
		status int
		h      http.Header
		want   bool
	}{
		{"3: fresh by max-age", Rules{}, 200, header("Cache-Control", "max-age=60"), true},
		{"3: fresh by Expires", Rules{}, 200, header("Expires", at(time.Hour), "Date", at(0)), true},
		{"3: with a validator", Rules{}, 200, header("Etag", `"x"`), true},
		{"3: with a weak validator", Rules{}, 200, header("Etag", `W/"x"`), true},
		{"3: with a date", Rules{}, 200, header("Last-Modified", at(0)), true},
		{"3: neither fresh nor to be validated", Rules{}, 200, header("Content-Type", "text/plain"), false},
		{"3: a validator that can't be sent back", Rules{}, 200, header("Etag", "x\ty"), false},
		{"3: any status that says how long", Rules{}, 404, header("Cache-Control", "max-age=60"), true},
		{"3: a status that nobody knows", Rules{}, 299, header("Cache-Control", "max-age=60"), true},
		{"3.3: parts", Rules{}, 206, header("Cache-Control", "max-age=60", "Etag", `"x"`), false},
		{"3.3: parts, whatever the TTL", Rules{TTL: time.Hour}, 206, nil, false},
		{"4.3.4: a 304 is no answer to keep", Rules{}, 304, header("Cache-Control", "max-age=60"), false},
		{"3.5: private, and to Authorization: that is for shared caches", Rules{}, 200,
			header("Cache-Control", "private, max-age=60"), true},
		{"5.2.2.5: no-store", Rules{}, 200, header("Cache-Control", "no-store, max-age=60"), false},
		{"5.2.2.5: no-store in another case, on a line of its own", Rules{}, 200,
			header("Cache-Control", "max-age=60", "Cache-Control", "x, No-Store"), false},
		{"5.2.2.5: no-store within quotes is none", Rules{}, 200, header("Cache-Control", `x="a, no-store", max-age=60`),
			true},
		{"5.2.2.3: must-understand over no-store", Rules{}, 200,
			header("Cache-Control", "no-store, must-understand, max-age=60"), true},
		{"5.2.2.3: unless the status is not understood", Rules{}, 299,
			header("Cache-Control", "no-store, must-understand, max-age=60"), false},
		{"5.2.2.4: no-cache is kept for its validator", Rules{}, 200, header("Cache-Control", "no-cache", "Etag", `"x"`),
			true},
		{"4.1: Vary by all", Rules{}, 200, header("Cache-Control", "max-age=60", "Vary", "Accept, *"), false},
		{"4.2.2: heuristics are off", Rules{}, 301, header("Location", "/x"), false},
		{"4.2.2: with heuristics", Rules{Heuristic: 0.1}, 301,
			header("Location", "/x", "Last-Modified", at(-10*time.Hour), "Date", at(0)), true},
		{"4.2.2: a 302 knows no heuristics", Rules{Heuristic: 0.1}, 302,
			header("Location", "/x", "Last-Modified", at(-10*time.Hour), "Date", at(0)), false},
		{"3: a redirect that says how long", Rules{}, 302, header("Location", "/x", "Cache-Control", "max-age=60"), true},
		{"3: a redirect with a validator only", Rules{}, 302, header("Location", "/x", "Etag", `"x"`), false},
		{"RFC 5861: kept for when the server fails", Rules{}, 200, header("Cache-Control", "max-age=0, stale-if-error=60"),
			true},
		{"TTL: whatever headers say", Rules{TTL: time.Hour}, 200, header("Cache-Control", "no-store", "Vary", "*"), true},
		{"TTL: redirects too", Rules{TTL: time.Hour}, 302, nil, true},
	} {
		if got := tt.rules.Keeps(tt.status, tt.h); got != tt.want {
			t.Errorf("%s: %t", tt.name, got)
		}
	}
}

// TestJudge checks RFC 9111 sections 4.2 and 5.2: which responses are fresh, and which must be revalidated.
func TestJudge(t *testing.T) {
	const minute = time.Minute
	for _, tt := range []struct {
		name    string
		rules   Rules
		h       http.Header
		request http.Header
		after   time.Duration // since the response was received
		want    Use
	}{
		{"4.2: within max-age", Rules{}, header("Cache-Control", "max-age=60"), nil, 59 * time.Second, Fresh},
		{"4.2: at max-age", Rules{}, header("Cache-Control", "max-age=60"), nil, minute, Check},
		{"4.2.1: max-age before Expires", Rules{},
			header("Cache-Control", "max-age=60", "Expires", at(-time.Hour), "Date", at(0)), nil, 0, Fresh},
		{"4.2.1: s-maxage is for shared caches", Rules{}, header("Cache-Control", "s-maxage=0, max-age=60"), nil, 0, Fresh},
		{"4.2.1: Expires less Date", Rules{}, header("Expires", at(time.Hour), "Date", at(0)), nil, 59 * minute, Fresh},
		{"4.2.1: Expires has passed", Rules{}, header("Expires", at(time.Hour), "Date", at(0)), nil, time.Hour, Check},
		{"5.3: Expires: 0", Rules{}, header("Expires", "0", "Date", at(0)), nil, 0, Check},
		{"5.3: two Expires", Rules{}, header("Expires", at(time.Hour), "Expires", at(time.Hour), "Date", at(0)), nil, 0,
			Check},
		{"4.2.1: max-age said twice, in two ways: the shorter", Rules{},
			header("Cache-Control", "max-age=3600, max-age=60"), nil, 2 * minute, Check},
		{"4.2.1: max-age that is no number", Rules{}, header("Cache-Control", "max-age=1h"), nil, 0, Check},
		{"5.2: max-age within quotes", Rules{}, header("Cache-Control", `max-age="60"`), nil, 0, Fresh},
		{"1.2.2: more seconds than anybody can count", Rules{}, header("Cache-Control", "max-age=99999999999999999999"),
			nil, 24 * time.Hour, Fresh},
		{"4.2.3: Age counts", Rules{}, header("Cache-Control", "max-age=60", "Age", "50"), nil, 15 * time.Second, Check},
		{"4.2.3: an old Date counts", Rules{}, header("Cache-Control", "max-age=60", "Date", at(-50*time.Second)), nil,
			15 * time.Second, Check},
		{"4.2.3: a Date from the future does not", Rules{}, header("Cache-Control", "max-age=60", "Date", at(time.Hour)),
			nil, 30 * time.Second, Fresh},
		{"5.1: an Age that is no number is passed over", Rules{}, header("Cache-Control", "max-age=60", "Age", "old"), nil,
			0, Fresh},
		{"5.1: the first of several Ages", Rules{}, header("Cache-Control", "max-age=60", "Age", "0, 900"), nil, 0, Fresh},
		{"the clock was set back", Rules{}, header("Cache-Control", "max-age=60"), nil, -time.Hour, Check},
		{"4.2.2: no heuristics of its own accord", Rules{}, header("Last-Modified", at(-100*time.Hour), "Date", at(0)), nil,
			0, Check},
		{"4.2.2: a tenth of the time since it changed", Rules{Heuristic: 0.1},
			header("Last-Modified", at(-100*time.Hour), "Date", at(0)), nil, 9 * time.Hour, Fresh},
		{"4.2.2: and not longer", Rules{Heuristic: 0.1}, header("Last-Modified", at(-100*time.Hour), "Date", at(0)), nil,
			11 * time.Hour, Check},
		{"5.2.2.4: no-cache", Rules{}, header("Cache-Control", "no-cache, max-age=60"), nil, 0, Check},
		{"5.2.2.4: no-cache for some fields is taken for all", Rules{},
			header("Cache-Control", `no-cache="x-a, x-b", max-age=60`), nil, 0, Check},
		{"5.2.2.2: must-revalidate, fresh", Rules{}, header("Cache-Control", "must-revalidate, max-age=60"), nil, 0, Fresh},
		{"5.2.2.2: must-revalidate over max-stale", Rules{}, header("Cache-Control", "must-revalidate, max-age=60"),
			header("Cache-Control", "max-stale"), 2 * minute, Check},
		{"5.2.1.1: the request's max-age", Rules{}, header("Cache-Control", "max-age=600"),
			header("Cache-Control", "max-age=60"), 2 * minute, Check},
		{"5.2.1.1: max-age=0 asks always", Rules{}, header("Cache-Control", "max-age=600"),
			header("Cache-Control", "max-age=0"), time.Second, Check},
		{"5.2.1.2: max-stale", Rules{}, header("Cache-Control", "max-age=60"), header("Cache-Control", "max-stale=60"),
			110 * time.Second, Stale},
		{"5.2.1.2: beyond max-stale", Rules{}, header("Cache-Control", "max-age=60"),
			header("Cache-Control", "max-stale=60"), 130 * time.Second, Check},
		{"5.2.1.2: max-stale without a number", Rules{}, header("Cache-Control", "max-age=60"),
			header("Cache-Control", "max-stale"), 99 * time.Hour, Stale},
		{"5.2.1.3: min-fresh", Rules{}, header("Cache-Control", "max-age=60"), header("Cache-Control", "min-fresh=30"),
			40 * time.Second, Check},
		{"5.2.1.4: the request's no-cache", Rules{}, header("Cache-Control", "max-age=60"),
			header("Cache-Control", "no-cache"), 0, Check},
		{"5.4: Pragma", Rules{}, header("Cache-Control", "max-age=60"), header("Pragma", "no-cache"), 0, Check},
		{"5.4: Pragma where Cache-Control says more", Rules{}, header("Cache-Control", "max-age=60"),
			header("Pragma", "no-cache", "Cache-Control", "max-age=9"), 0, Fresh},
		{"4.1: kept under a TTL, varies by all", Rules{}, header("Cache-Control", "max-age=60", "Vary", "*"), nil, 0,
			Useless},
		{"5.2.2.5: kept under a TTL, no-store", Rules{}, header("Cache-Control", "max-age=60, no-store"), nil, 0, Useless},
		{"TTL: whatever headers say", Rules{TTL: minute}, header("Cache-Control", "no-store, no-cache, max-age=0"), nil,
			59 * time.Second, Fresh},
		{"TTL: and no longer", Rules{TTL: minute}, header("Cache-Control", "max-age=600", "Age", "0"), nil, minute, Check},
		{"TTL: the request still has its say", Rules{TTL: minute}, nil, header("Cache-Control", "no-cache"), 0, Check},
		{"TTL: the clock was set back", Rules{TTL: minute}, nil, nil, -time.Hour, Check},
	} {
		e := &Entry{Status: 200, Header: tt.h, Requested: noon, Received: noon, HasBody: true}
		if got := tt.rules.Judge(e, tt.request, noon.Add(tt.after)); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
	if got := (Rules{TTL: time.Hour}).Judge(Digest(Sum{1}, noon), nil, noon); got != Useless {
		t.Errorf("a digest: %d", got)
	}
}

// TestAge checks the arithmetic of RFC 9111 section 4.2.3: the time until the response counts, and the larger of two
// ages.
func TestAge(t *testing.T) {
	e := &Entry{
		Header: header("Age", "10", "Date", at(-5*time.Second)), Requested: noon.Add(-3 * time.Second), Received: noon,
	}
	if got := (Rules{}).Age(e, noon.Add(time.Minute)); got != 73*time.Second {
		t.Errorf("got %s", got)
	}
	e.Header = header("Date", at(-time.Hour))
	if got := (Rules{}).Age(e, noon); got != time.Hour {
		t.Errorf("got %s", got)
	}
}

// TestNeedsRefresh checks which stored responses are stored again with what a 304 says of them: not those that are
// validated by the next run whenever it comes, and of which only the time is another.
func TestNeedsRefresh(t *testing.T) {
	stored := func() *Entry {
		return &Entry{Status: 200, Header: header("Etag", `"1"`, "Date", at(-time.Hour), "X-A", "a"), HasBody: true,
			SHA256: Sum{1}, ReportedBefore: Sum{1}, Requested: noon.Add(-time.Hour), Received: noon.Add(-time.Hour)}
	}
	for _, tt := range []struct {
		name       string
		rules      Rules
		h, request http.Header // of the 304 and of the request
		want       bool
	}{
		{"nothing but the time", Rules{}, header("Etag", `"1"`, "Date", at(0)), nil, false},
		{"no field at all", Rules{}, nil, nil, false},
		{"fields that are not stored", Rules{}, header("Connection", "close", "Set-Cookie", "a=b"), nil, false},
		{"the same fields", Rules{}, header("X-A", "a"), nil, false},
		{"another value", Rules{}, header("X-A", "b"), nil, true},
		{"one more value", Rules{}, header("X-A", "a", "X-A", "b"), nil, true},
		{"another field", Rules{}, header("X-B", "b"), nil, true},
		{"fresh from now on", Rules{}, header("Cache-Control", "max-age=60"), nil, true},
		{"fresh by a TTL", Rules{TTL: time.Hour}, nil, nil, true},
		{"fresh by a guess", Rules{Heuristic: 0.1}, header("Last-Modified", at(-10*time.Hour), "Date", at(0)), nil, true},
		{"a request that takes stale ones", Rules{}, nil, header("Cache-Control", "max-stale=9"), true},
		{"a request that takes stale ones of a server that fails", Rules{}, nil,
			header("Cache-Control", "stale-if-error=9"), true},
		{"a request that is always validated", Rules{}, nil, header("Cache-Control", "max-age=0"), false},
	} {
		e := stored()
		fresh := e.Freshen(&Request{}, tt.h, noon)
		if got := tt.rules.NeedsRefresh(e, &fresh, tt.request); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
	for name, control := range map[string]string{
		"fresh as before": "max-age=60", "stale while it is revalidated": "stale-while-revalidate=60",
		"stale for errors": "stale-if-error=60",
	} {
		e := stored()
		e.Header.Set("Cache-Control", control)
		if fresh := e.Freshen(&Request{}, nil, noon); !(Rules{}).NeedsRefresh(e, &fresh, nil) {
			t.Errorf("%s: not refreshed", name)
		}
	}
	e := stored()
	fresh := e.Freshen(&Request{}, nil, noon)
	if fresh.ReportedBefore = (Sum{2}); !(Rules{}).NeedsRefresh(e, &fresh, nil) {
		t.Error("what was reported: not refreshed")
	}
	fresh = e.Freshen(&Request{}, nil, noon)
	if fresh.Reporter = (Sum{2}); !(Rules{}).NeedsRefresh(e, &fresh, nil) {
		t.Error("who reported it: not refreshed")
	}
}

// TestStaleUntil checks RFC 5861 section 4 and RFC 9111 section 4.2.4: until when a stale response may be used instead
// of an error of the server.
func TestStaleUntil(t *testing.T) {
	for _, tt := range []struct {
		name       string
		h, request http.Header
		want       time.Duration // since the response was received; 0 is never
	}{
		{"nobody allows it", header("Cache-Control", "max-age=60"), nil, 0},
		{"the answer allows it", header("Cache-Control", "max-age=60, stale-if-error=600"), nil, 660 * time.Second},
		{"the request allows it", header("Cache-Control", "max-age=60"), header("Cache-Control", "stale-if-error=30"),
			90 * time.Second},
		{"the longer of both", header("Cache-Control", "max-age=0, stale-if-error=9"),
			header("Cache-Control", "stale-if-error=30"), 30 * time.Second},
		{"must-revalidate forbids it", header("Cache-Control", "must-revalidate, stale-if-error=600"),
			header("Cache-Control", "stale-if-error=30"), 0},
		{"no-cache forbids it", header("Cache-Control", "no-cache, stale-if-error=600"), nil, 0},
		{"no-store forbids it", header("Cache-Control", "no-store, stale-if-error=600"), nil, 0},
		{"the request's no-cache", header("Cache-Control", "stale-if-error=600"), header("Cache-Control", "no-cache"), 0},
		{"Age counts", header("Cache-Control", "max-age=60, stale-if-error=600", "Age", "100"), nil, 560 * time.Second},
	} {
		e := &Entry{Status: 200, Header: tt.h, Requested: noon, Received: noon}
		for _, later := range []time.Duration{0, time.Hour} {
			got := (Rules{}).StaleUntil(e, tt.request, noon.Add(later))
			if want := noon.Add(tt.want); !got.Equal(want) && !(tt.want == 0 && got.IsZero()) {
				t.Errorf("%s: got %s, want %s", tt.name, got, want)
			}
		}
	}
}

// TestBypasses checks RFC 9111 sections 2, 4.3.1 and 5.2.1.5: which requests do not use the cache.
func TestBypasses(t *testing.T) {
	for _, tt := range []struct {
		method string
		h      http.Header
		want   bool
	}{
		{"GET", header("Accept", "*/*", "Authorization", "x"), false},
		{"HEAD", nil, false},
		{"POST", nil, true},
		{"PROPFIND", nil, true},
		{"get", nil, true},
		{"GET", header("If-None-Match", `"x"`), true},
		{"GET", header("If-Modified-Since", at(0)), true},
		{"GET", header("If-Match", `"x"`), true},
		{"GET", header("Range", "bytes=0-1"), true},
		{"GET", header("If-Range", `"x"`), true},
		{"GET", header("Cache-Control", "no-store"), true},
		{"GET", header("Cache-Control", "no-cache"), false},
	} {
		if got := Bypasses(tt.method, tt.h); got != tt.want {
			t.Errorf("%s %v: %t", tt.method, tt.h, got)
		}
	}
	if OnlyIfCached(header("Cache-Control", "max-age=1")) || !OnlyIfCached(header("Cache-Control", "only-if-cached")) {
		t.Error("only-if-cached")
	}
}
