package fetch

import (
	"net/http"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestTTL checks CacheTTL: every success is used for that long whatever its headers are, and so are the redirects on
// the way to it.
func TestTTL(t *testing.T) {
	ttl := func(o *Options) { o.CacheTTL = 5 * time.Minute }
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/from", 302, "", "Location", "/via", "Cache-Control", "no-store")
		rig.setPage("/via", 307, "", "Location", "/to")
		rig.setPage("/to", 200, "there", "Cache-Control", "no-store", "Vary", "*")
		rig.setPage("/bad", 500, "no")
		rig.want(3, "miss 200 there", ttl, "/from")
		rig.want(1, "status", ttl, "/bad")
		rig.setPage("/to", 200, "elsewhere")
		time.Sleep(5*time.Minute - time.Second)
		rig.want(0, "hit 200 there; hit 200 there", ttl, "/from", "/to")
		rig.want(1, "status", ttl, "/bad")              // failures are never stored
		rig.want(3, "miss 200 elsewhere", nil, "/from") // by RFC 9111 none of these may be used
		time.Sleep(2 * time.Second)
		rig.want(1, "miss 200 elsewhere", ttl, "/to")
	})
}

// TestRedirectsFromTheCache checks that a chain of stored redirects is followed without requests as far as it goes, and
// counts like one that was requested.
func TestRedirectsFromTheCache(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/a", 301, "", "Location", "/b", "Cache-Control", "max-age=60")
		rig.setPage("/b", 302, "", "Location", "/c", "Cache-Control", "max-age=60")
		rig.setPage("/c", 200, "end", "Cache-Control", "max-age=30")
		rig.setPage("/once", 301, "", "Location", "/c") // no lifetime, and no heuristics for redirects
		rig.want(3, "miss 200 end", nil, "/a")
		rig.want(0, "hit 200 end", nil, "/a")
		rig.want(1, "hit 200 end", nil, "/once")
		rig.want(1, "hit 200 end", nil, "/once")
		time.Sleep(31 * time.Second)
		rig.want(1, "miss 200 end", nil, "/a")
		// a failure is confirmed by the server
		rig.want(1, "too_many_redirects", func(o *Options) { o.MaxRedirects = 1 }, "/a")
		var sink recorder
		if _, err := runWithClient(rig.Context(), linesOf("http://a.test/a"), &sink,
			options(func(o *Options) { o.Cache = rig.store }), rig); err != nil {
			t.Fatal(err)
		}
		if r := sink.records[0]; r.Redirects != 2 || r.FinalURL != "http://a.test/c" || r.Attempts != 0 {
			t.Errorf("got %+v", r)
		}
		rig.setPage("/loop", 301, "", "Location", "/loop", "Cache-Control", "max-age=60")
		rig.want(2, "too_many_redirects", nil, "/loop")
		rig.setPage("/circle", 301, "", "Location", "/circle", "Cache-Control", "max-age=60")
		rig.want(2, "too_many_redirects", nil, "/circle")
		rig.setPage("/circle", 200, "mended")
		rig.want(1, "miss 200 mended", nil, "/circle") // a failure is never served from the cache
		rig.setPage("/ftp", 301, "", "Location", "ftp://a.test/", "Cache-Control", "max-age=60")
		rig.want(1, "protocol", nil, "/ftp")
		rig.setPage("/ftp", 200, "mended")
		rig.want(1, "miss 200 mended", nil, "/ftp")
		rig.setPage("/moved", 301, "it has moved", "Location", "/c", "Cache-Control", "max-age=60")
		rig.run(nil, "/moved") // stored without its body
		answers := func(o *Options) { o.MaxRedirects, o.AcceptStatus = 0, judge.Statuses{{200, 399}} }
		rig.want(1, "miss 301 it has moved", answers, "/moved")
		rig.want(0, "hit 301 it has moved", answers, "/moved")
		rig.want(1, " 301 ", func(o *Options) {
			o.MaxRedirects = 0
			o.AcceptStatus = judge.Statuses{{200, 399}}
			o.Header = http.Header{"Cache-Control": {"no-store"}}
		}, "/loop")
	})
}

// TestCachedRedirectToTheNetwork checks that the target of a stored redirect is requested, and that this is the first
// attempt.
func TestCachedRedirectToTheNetwork(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/a", 301, "", "Location", "/b", "Cache-Control", "max-age=60")
		rig.setPage("/b", 200, "b")
		rig.want(2, "miss 200 b", nil, "/a")
		var sink recorder
		o := options(func(o *Options) { o.Cache = rig.store })
		if _, err := runWithClient(rig.Context(), linesOf("http://a.test/a"), &sink, o, rig); err != nil {
			t.Fatal(err)
		}
		if r := sink.records[0]; r.Redirects != 1 || r.Attempts != 1 {
			t.Errorf("got %+v", r)
		}
	})
}
