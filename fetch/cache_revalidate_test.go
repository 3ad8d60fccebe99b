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

// TestRevalidated holds RFC 9111 section 4.3: a 304 brings no body, renews what is kept and is a success.
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

// TestRevalidatedEntryIsGone: a 304 about an answer that is deleted, spoilt or another by then makes the server answer anew.
func TestRevalidatedEntryIsGone(t *testing.T) {
	for name, spoil := range map[string]func(rig *cacheRig, file string) error{
		"gone":   func(_ *cacheRig, file string) error { return os.Remove(file) },
		"torn":   func(_ *cacheRig, file string) error { return os.Truncate(file, 10) },
		"spoilt": func(_ *cacheRig, file string) error { return overwrite(file, 0, 'X') },
		"another": func(rig *cacheRig, _ string) error {
			e := &cache.Entry{Status: 200, HasBody: true, Size: 5, SHA256: sha256.Sum256([]byte("other"))}
			q := cache.Question{Method: "GET", URL: "http://a.test/x"}
			w, err := rig.store.Put(rig.Context(), q.Key())
			if err == nil {
				_, _ = w.Write([]byte("other")) // Commit tells
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
						if err := spoil(rig, rig.entryFiles()[0]); err != nil {
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

// TestCorruptHit: a body that is not what was kept is no hit, and is not confirmed either; nothing of it is told.
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

// TestWrong304: one about another version than what is kept (RFC 9111 section 4.3.4) is not believed; one that nobody asked for is a failure.
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

// TestStale holds RFC 5861 section 4: what is kept stands in for a server that fails, once the attempts are used up, and says so.
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
		rig.want(1, "stale 200 old", func(o *Options) { o.Header = http.Header{"Cache-Control": {"stale-if-error=600"}} },
			"/y")
		for _, status := range []int{404, 429, 501} { // an answer, if not the one that was wanted
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

// TestMaxStale holds RFC 9111 section 5.2.1.2.
func TestMaxStale(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "old", "Cache-Control", "max-age=60")
		rig.want(1, "miss 200 old", nil, "/x")
		time.Sleep(2 * time.Minute)
		rig.want(0, "stale 200 old", func(o *Options) { o.Header = http.Header{"Cache-Control": {"max-stale=90"}} }, "/x")
	})
}
