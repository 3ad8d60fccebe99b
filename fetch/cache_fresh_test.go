package fetch

import (
	"crypto/sha256"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

// TestFreshHit checks RFC 9111 section 4: a fresh response is used without a request and has an Age; then the server is
// asked.
func TestFreshHit(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "one", "Cache-Control", "max-age=60")
		rig.want(1, "miss 200 one", nil, "/x")
		rig.setPage("/x", 200, "two", "Cache-Control", "max-age=60")
		time.Sleep(59 * time.Second)
		rig.want(0, "hit 200 one", nil, "/x")
		if s := rig.summary; s.Exchanges != 0 || s.Latency.Count != 0 || s.ByStatus[200] != 1 || s.ByCache[CacheHit] != 1 ||
			s.Bytes != 3 {
			t.Errorf("%+v", s)
		}
		rig.want(0, "hit 200 one; hit 200 one", nil, "/x#top", "HTTP://A.TEST:80/x") // one URL in three spellings
		time.Sleep(2 * time.Second)
		rig.want(1, "miss 200 two", nil, "/x")
	})
}

// TestNoDate checks RFC 9110 section 6.6.1: a response without a Date has the time of its arrival.
func TestNoDate(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.pages["/x"] = func(*http.Request) *http.Response {
			return newResponse(200, "x", "Expires", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		}
		rig.want(1, "miss 200 x", nil, "/x")
		time.Sleep(50 * time.Second)
		rig.want(0, "hit 200 x", nil, "/x")
		time.Sleep(11 * time.Second)
		rig.want(1, "miss 200 x", nil, "/x")
	})
}

// TestHitsAreRecords checks that the Record of a hit has all that the first Record had, except what only an exchange
// has.
func TestHitsAreRecords(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "body", "Cache-Control", "max-age=60", "Content-Type", "text/plain", "Set-Cookie", "a=secret",
			"Connection", "close")
		var records []*Record
		for range 2 {
			var sink recorder
			if _, err := runWithClient(rig.Context(), linesOf("http://a.test/x"), &sink,
				options(func(o *Options) { o.Cache, o.KeepHeader = rig.store, true }), rig); err != nil {
				t.Fatal(err)
			}
			records = append(records, sink.records...)
			time.Sleep(10 * time.Second)
		}
		miss, hit := records[0], records[1]
		if miss.Attempts != 1 || hit.Attempts != 0 || hit.WireBytes != 0 || hit.Bytes != 4 ||
			hit.SHA256 != sha256.Sum256([]byte("body")) || !hit.Hashed || !hit.HasBody ||
			hit.ContentType != "text/plain" || hit.Protocol != miss.Protocol || hit.StartedAt.IsZero() || hit.RemoteAddr != "" {
			t.Errorf("got %+v", hit)
		}
		if hit.Header.Get("Age") != "10" || hit.Header["Set-Cookie"] != nil || hit.Header["Connection"] != nil ||
			hit.Header.Get("Cache-Control") != "max-age=60" {
			t.Errorf("got %v", hit.Header)
		}
		for _, name := range rig.entryFiles() {
			if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), "secret") {
				t.Errorf("%s: %q, %v", name, text, err)
			}
		}
	})
}

// TestOnlyIfCached checks RFC 9111 section 5.2.1.7: nothing is sent.
func TestOnlyIfCached(t *testing.T) {
	only := func(o *Options) { o.Header = http.Header{"Cache-Control": {"only-if-cached"}} }
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "x", "Cache-Control", "max-age=60")
		rig.want(0, "status", only, "/x")
		rig.want(1, "miss 200 x", nil, "/x")
		rig.want(0, "hit 200 x; status", only, "/x", "/y")
	})
}

// TestBypassed checks that requests with conditions or ranges of their own, and those with no-store, do not use the
// cache.
func TestBypassed(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "x", "Cache-Control", "max-age=60", "Etag", `"1"`)
		rig.want(1, "miss 200 x", nil, "/x")
		for _, name := range []string{"If-None-Match", "If-Modified-Since", "Range"} {
			rig.want(1, " 200 x", func(o *Options) { o.Header = http.Header{name: {"x"}} }, "/x")
		}
		rig.want(1, " 200 x", nil, `{"url":"http://a.test/x","headers":{"If-Match":"x"}}`)
		rig.want(1, " 200 x", nil, `{"url":"http://a.test/x","headers":{"Cache-Control":"no-store"}}`)
		rig.want(1, " 200 x", nil, `{"url":"http://a.test/x","method":"GET","body":"q"}`)
		rig.want(1, " 200 x", nil, `{"url":"http://a.test/x","method":"OPTIONS"}`)
		rig.want(1, "miss 200 ", nil, `{"url":"http://a.test/x","method":"HEAD"}`)
		rig.want(0, "hit 200 ", nil, `{"url":"http://a.test/x","method":"HEAD"}`)
		rig.want(0, "hit 200 x", nil, "/x")
	})
}
