package fetch

import (
	"crypto/sha256"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/cache"
)

// TestRevalidated checks RFC 9111 section 4.3: a 304 has no body, renews the stored response and is a success.
func TestRevalidated(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setTagged("/x", `"1"`, "one")
		rig.want(1, "miss 200 one", nil, "/x")
		rig.want(1, "revalidated 200 one", nil, "/x")
		if s := rig.summary; s.ByStatus[200] != 1 || s.WireBytes != 0 || s.Bytes != 3 {
			t.Errorf("%+v", s)
		}
		rig.setTagged("/x", `"1"`, "one", "Cache-Control", "max-age=60")
		rig.want(1, "revalidated 200 one", nil, "/x")
		time.Sleep(59 * time.Second)
		rig.want(0, "hit 200 one", nil, "/x")
		rig.setTagged("/x", `"2"`, "two")
		time.Sleep(2 * time.Second)
		rig.want(1, "miss 200 two", nil, "/x")
		rig.want(1, "revalidated 200 two", nil, "/x")
	})
}

// TestTagOfURL checks that a response whose entity tag is its path (cache.ETag of Iris 12.2.11) is not validated by it:
// the server answers 304 whatever it has by now.
func TestTagOfURL(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setTagged("/x", "/x", "one")
		rig.want(1, "miss 200 one", nil, "/x")
		rig.setTagged("/x", "/x", "two")
		rig.want(1, "miss 200 two", nil, "/x")
	})
}

// TestRevalidatedIsNotWritten checks that a 304 of which nothing but the time is new writes nothing: the next run
// validates the response in any case. One that makes it fresh does.
func TestRevalidatedIsNotWritten(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setTagged("/x", `"1"`, "one")
		rig.want(1, "miss 200 one", nil, "/x")
		content := func() string {
			b, err := os.ReadFile(rig.entryFiles()[0])
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		stored := content()
		time.Sleep(time.Minute)
		rig.want(1, "revalidated 200 one", nil, "/x")
		if content() != stored {
			t.Error("a 304 without news was stored")
		}
		rig.setTagged("/x", `"1"`, "one", "X-New", "y")
		rig.want(1, "revalidated 200 one", nil, "/x")
		if content() == stored {
			t.Error("a 304 with another field was not stored")
		}
	})
}

// TestRevalidatedEntryIsGone checks that a 304 is followed by a request without conditions if the entry it is about has
// been deleted, corrupted or replaced.
func TestRevalidatedEntryIsGone(t *testing.T) {
	for name, damage := range map[string]func(rig *cacheRig, file string) error{
		"gone":   func(_ *cacheRig, file string) error { return os.Remove(file) },
		"torn":   func(_ *cacheRig, file string) error { return os.Truncate(file, 10) },
		"spoilt": func(_ *cacheRig, file string) error { return overwrite(file, 0, 'X') },
		"another": func(rig *cacheRig, _ string) error {
			e := &cache.Entry{Status: 200, HasBody: true, Size: 5, SHA256: sha256.Sum256([]byte("other"))}
			q := cache.Request{Method: "GET", URL: "http://a.test/x"}
			w, err := rig.store.Put(rig.Context(), q.Key())
			if err == nil {
				_, _ = w.Write([]byte("other")) // Commit returns the error
				err = w.Commit(rig.Context(), e)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			withCacheRig(t, func(rig *cacheRig) {
				rig.setTagged("/x", `"1"`, "one")
				rig.want(1, "miss 200 one", nil, "/x")
				answer := rig.pages["/x"]
				rig.pages["/x"] = func(r *http.Request) *http.Response {
					if r.Header["If-None-Match"] != nil {
						if err := damage(rig, rig.entryFiles()[0]); err != nil {
							t.Error(err)
						}
					}
					return answer(r)
				}
				rig.want(2, "miss 200 one", nil, "/x")
				rig.pages["/x"] = answer
				rig.want(1, "revalidated 200 one", nil, "/x")
			})
		})
	}
}

// overwrite changes one byte of a file.
func overwrite(name string, at int64, b byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteAt([]byte{b}, at)
	_ = f.Close()
	return err
}

// TestCorruptHit checks that an entry with a corrupted body is neither a hit nor revalidated, and that nothing of it is
// reported.
func TestCorruptHit(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setTagged("/x", `"1"`, "one", "Cache-Control", "max-age=60")
		rig.want(1, "miss 200 one", nil, "/x")
		if err := overwrite(rig.entryFiles()[0], 1, 'X'); err != nil {
			t.Fatal(err)
		}
		rig.want(1, "miss 200 one", nil, "/x")
		rig.want(0, "hit 200 one", nil, "/x")
	})
}

// TestWrong304 checks that a 304 about another version than the stored one is not used (RFC 9111 section 4.3.4), and
// that a 304 to an unconditional request is a failure.
func TestWrong304(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "one", "Etag", `"1"`)
		rig.want(1, "miss 200 one", nil, "/x")
		rig.pages["/x"] = func(r *http.Request) *http.Response {
			if r.Header["If-None-Match"] != nil {
				return newResponse(304, "", "Etag", `"9"`)
			}
			return newResponse(200, "two", "Etag", `"2"`)
		}
		rig.want(2, "miss 200 two", nil, "/x")
		rig.setPage("/y", 304, "")
		rig.want(1, "status", nil, "/y")
	})
}

// TestStale checks RFC 5861 section 4: a stale response is served in place of an error once all attempts have failed,
// and its Record says so.
func TestStale(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "old", "Cache-Control", "max-age=60, stale-if-error=600")
		rig.setPage("/y", 200, "old", "Cache-Control", "max-age=60")
		rig.want(2, "miss 200 old; miss 200 old", nil, "/x", "/y")
		time.Sleep(2 * time.Minute)
		rig.setPage("/x", 503, "")
		rig.want(3, "stale 200 old", func(o *Options) { o.Retries, o.RetryDelay = 2, 0 }, "/x")
		if s := rig.summary; s.Failed != 0 || s.ByStatus[200] != 1 || s.ByCache[CacheStale] != 1 || s.Retries != 2 {
			t.Errorf("%+v", s)
		}
		rig.pages["/x"], rig.pages["/y"] = nil, nil
		rig.want(2, "stale 200 old; protocol", nil, "/x", "/y")
		rig.want(1, "stale 200 old", func(o *Options) {
			o.Header = http.Header{"Cache-Control": {"stale-if-error=600"}}
		}, "/y")
		for _, status := range []int{404, 429, 501} { // statuses that are no reason to serve a stale response
			rig.setPage("/x", status, "")
			if got := rig.run(nil, "/x")[0]; strings.HasPrefix(got, "stale") {
				t.Errorf("%d: %s", status, got)
			}
		}
		rig.setPage("/x", 500, "")
		time.Sleep(10 * time.Minute)
		rig.want(1, "status", nil, "/x")
	})
}

// TestMaxStale checks RFC 9111 section 5.2.1.2.
func TestMaxStale(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "old", "Cache-Control", "max-age=60")
		rig.want(1, "miss 200 old", nil, "/x")
		time.Sleep(2 * time.Minute)
		rig.want(0, "stale 200 old", func(o *Options) { o.Header = http.Header{"Cache-Control": {"max-stale=90"}} }, "/x")
	})
}
