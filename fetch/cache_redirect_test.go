package fetch

import (
	"net/http"
	"testing"
	"time"

	"batchfetch/fetch/judge"
)

// TestTTL is the other mode: any success is used for so long, whatever its headers say, and redirects on the way to it too.
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
		rig.want(1, "status", ttl, "/bad")              // failures are never kept
		rig.want(3, "miss 200 elsewhere", nil, "/from") // by RFC 9111 nothing of that may be used
		time.Sleep(2 * time.Second)
		rig.want(1, "miss 200 elsewhere", ttl, "/to")
	})
}

// TestRedirectsFromTheCache: a chain that is kept is followed without a question, as far as it goes, and counts as one that was asked for.
func TestRedirectsFromTheCache(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/a", 301, "", "Location", "/b", "Cache-Control", "max-age=60")
		rig.setPage("/b", 302, "", "Location", "/c", "Cache-Control", "max-age=60")
		rig.setPage("/c", 200, "end", "Cache-Control", "max-age=30")
		rig.setPage("/once", 301, "", "Location", "/c") // says nothing of how long: no heuristics
		rig.want(3, "miss 200 end", nil, "/a")
		rig.want(0, "hit 200 end", nil, "/a")
		rig.want(1, "hit 200 end", nil, "/once")
		rig.want(1, "hit 200 end", nil, "/once")
		time.Sleep(31 * time.Second)
		rig.want(1, "miss 200 end", nil, "/a")
		rig.want(1, "too_many_redirects", func(o *Options) { o.MaxRedirects = 1 }, "/a") // its last word is the server's
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
		rig.want(1, "miss 200 mended", nil, "/circle") // no failure comes from the cache
		rig.setPage("/abroad", 301, "", "Location", "ftp://a.test/", "Cache-Control", "max-age=60")
		rig.want(1, "protocol", nil, "/abroad")
		rig.setPage("/abroad", 200, "mended")
		rig.want(1, "miss 200 mended", nil, "/abroad")
		rig.setPage("/moved", 301, "it has moved", "Location", "/c", "Cache-Control", "max-age=60")
		rig.run(nil, "/moved") // keeps no body
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

// TestCachedRedirectToTheNetwork: what a kept redirect leads on to is asked for, and that is a first attempt.
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
