package fetch

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/cache"
)

// TestFreshIsNotAsked holds RFC 9111 section 4: what is fresh is used without a question, with its Age; then the server is asked.
func TestFreshIsNotAsked(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "one", "Cache-Control", "max-age=60")
		l.wants(1, "miss 200 one", nil, "/x")
		l.page("/x", 200, "two", "Cache-Control", "max-age=60")
		time.Sleep(59 * time.Second)
		l.wants(0, "hit 200 one", nil, "/x")
		if s := l.summary; s.Exchanges != 0 || s.Latency.Count != 0 || s.ByStatus[200] != 1 || s.ByCache[CacheHit] != 1 || s.Bytes != 3 {
			t.Errorf("%+v", s)
		}
		l.wants(0, "hit 200 one; hit 200 one", nil, "/x#top", "HTTP://A.TEST:80/x") // one URL in three spellings
		time.Sleep(2 * time.Second)
		l.wants(1, "miss 200 two", nil, "/x")
	})
}

// TestNoDate holds RFC 9110 section 6.6.1: an answer without a Date is of when it came.
func TestNoDate(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.pages["/x"] = func(*http.Request) *http.Response {
			return reply(200, "x", "Expires", time.Now().Add(time.Minute).UTC().Format(http.TimeFormat))
		}
		l.wants(1, "miss 200 x", nil, "/x")
		time.Sleep(50 * time.Second)
		l.wants(0, "hit 200 x", nil, "/x")
		time.Sleep(11 * time.Second)
		l.wants(1, "miss 200 x", nil, "/x")
	})
}

// TestHitsAreRecords: a Record from the cache has what its first one had, but for what only an exchange has.
func TestHitsAreRecords(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "body", "Cache-Control", "max-age=60", "Content-Type", "text/plain", "Set-Cookie", "a=secret", "Connection", "close")
		var records []*Record
		for range 2 {
			var shelf shelf
			if _, err := runOver(l.Context(), linesOf("http://a.test/x"), &shelf, options(func(o *Options) { o.Cache, o.KeepHeader = l.store, true }), l); err != nil {
				t.Fatal(err)
			}
			records = append(records, shelf.records...)
			time.Sleep(10 * time.Second)
		}
		miss, hit := records[0], records[1]
		if miss.Attempts != 1 || hit.Attempts != 0 || hit.WireBytes != 0 || hit.Bytes != 4 || hit.SHA256 != sha256.Sum256([]byte("body")) || !hit.Hashed || !hit.HasBody ||
			hit.ContentType != "text/plain" || hit.Protocol != miss.Protocol || hit.StartedAt.IsZero() || hit.RemoteAddr != "" {
			t.Errorf("got %+v", hit)
		}
		if hit.Header.Get("Age") != "10" || hit.Header["Set-Cookie"] != nil || hit.Header["Connection"] != nil || hit.Header.Get("Cache-Control") != "max-age=60" {
			t.Errorf("got %v", hit.Header)
		}
		for _, name := range l.files() {
			if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), "secret") {
				t.Errorf("%s: %q, %v", name, text, err)
			}
		}
	})
}

// TestRevalidated holds RFC 9111 section 4.3: a 304 brings no body, renews what is kept and is a success.
func TestRevalidated(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.tagged("/x", `"1"`, "one")
		l.wants(1, "miss 200 one", nil, "/x")
		l.wants(1, "revalidated 200 one", nil, "/x")
		if s := l.summary; s.ByStatus[200] != 1 || s.WireBytes != 0 || s.Bytes != 3 {
			t.Errorf("%+v", s)
		}
		l.tagged("/x", `"1"`, "one", "Cache-Control", "max-age=60")
		l.wants(1, "revalidated 200 one", nil, "/x")
		time.Sleep(59 * time.Second)
		l.wants(0, "hit 200 one", nil, "/x")
		l.tagged("/x", `"2"`, "two")
		time.Sleep(2 * time.Second)
		l.wants(1, "miss 200 two", nil, "/x")
		l.wants(1, "revalidated 200 two", nil, "/x")
	})
}

// TestWhatIsConfirmedMayBeGone: a 304 about an answer that is deleted, spoilt or another by then makes the server answer anew.
func TestWhatIsConfirmedMayBeGone(t *testing.T) {
	for name, spoil := range map[string]func(l *library, file string) error{
		"gone":   func(_ *library, file string) error { return os.Remove(file) },
		"torn":   func(_ *library, file string) error { return os.Truncate(file, 10) },
		"spoilt": func(_ *library, file string) error { return overwrite(file, 0, 'X') },
		"another": func(l *library, _ string) error {
			e := &cache.Entry{Status: 200, HasBody: true, Size: 5, SHA256: sha256.Sum256([]byte("other"))}
			q := cache.Question{Method: "GET", URL: "http://a.test/x"}
			w, err := l.store.Put(l.Context(), q.Key())
			if err == nil {
				_, _ = w.Write([]byte("other")) // Commit tells
				err = w.Commit(l.Context(), e)
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			inLibrary(t, func(l *library) {
				l.tagged("/x", `"1"`, "one")
				l.wants(1, "miss 200 one", nil, "/x")
				answer := l.pages["/x"]
				l.pages["/x"] = func(r *http.Request) *http.Response {
					if r.Header["If-None-Match"] != nil {
						if err := spoil(l, l.files()[0]); err != nil {
							t.Error(err)
						}
					}
					return answer(r)
				}
				l.wants(2, "miss 200 one", nil, "/x")
				l.pages["/x"] = answer
				l.wants(1, "revalidated 200 one", nil, "/x")
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

// TestSpoiltHit: a body that is not what was kept is no hit, and is not confirmed either; nothing of it is told.
func TestSpoiltHit(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.tagged("/x", `"1"`, "one", "Cache-Control", "max-age=60")
		l.wants(1, "miss 200 one", nil, "/x")
		if err := overwrite(l.files()[0], 1, 'X'); err != nil {
			t.Fatal(err)
		}
		l.wants(1, "miss 200 one", nil, "/x")
		l.wants(0, "hit 200 one", nil, "/x")
	})
}

// TestWrong304: one about another version than what is kept (RFC 9111 section 4.3.4) is not believed; one that nobody asked for is a failure.
func TestWrong304(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "one", "Etag", `"1"`)
		l.wants(1, "miss 200 one", nil, "/x")
		l.pages["/x"] = func(r *http.Request) *http.Response {
			if r.Header["If-None-Match"] != nil {
				return reply(304, "", "Etag", `"9"`)
			}
			return reply(200, "two", "Etag", `"2"`)
		}
		l.wants(2, "miss 200 two", nil, "/x")
		l.page("/y", 304, "")
		l.wants(1, "status", nil, "/y")
	})
}

// TestStale holds RFC 5861 section 4: what is kept stands in for a server that fails, once the attempts are used up, and says so.
func TestStale(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "old", "Cache-Control", "max-age=60, stale-if-error=600")
		l.page("/y", 200, "old", "Cache-Control", "max-age=60")
		l.wants(2, "miss 200 old; miss 200 old", nil, "/x", "/y")
		time.Sleep(2 * time.Minute)
		l.page("/x", 503, "")
		l.wants(3, "stale 200 old", func(o *Options) { o.Retries, o.RetryDelay = 2, 0 }, "/x")
		if s := l.summary; s.Failed != 0 || s.ByStatus[200] != 1 || s.ByCache[CacheStale] != 1 || s.Retries != 2 {
			t.Errorf("%+v", s)
		}
		l.pages["/x"], l.pages["/y"] = nil, nil
		l.wants(2, "stale 200 old; protocol", nil, "/x", "/y")
		l.wants(1, "stale 200 old", func(o *Options) { o.Header = http.Header{"Cache-Control": {"stale-if-error=600"}} }, "/y")
		for _, status := range []int{404, 429, 501} { // an answer, if not the one that was wanted
			l.page("/x", status, "")
			if got := l.run(nil, "/x")[0]; strings.HasPrefix(got, "stale") {
				t.Errorf("%d: %s", status, got)
			}
		}
		l.page("/x", 500, "")
		time.Sleep(10 * time.Minute)
		l.wants(1, "status", nil, "/x")
	})
}

// TestStaleByWish holds RFC 9111 section 5.2.1.2.
func TestStaleByWish(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "old", "Cache-Control", "max-age=60")
		l.wants(1, "miss 200 old", nil, "/x")
		time.Sleep(2 * time.Minute)
		l.wants(0, "stale 200 old", func(o *Options) { o.Header = http.Header{"Cache-Control": {"max-stale=90"}} }, "/x")
	})
}

// TestOnlyIfCached holds RFC 9111 section 5.2.1.7: no network at all.
func TestOnlyIfCached(t *testing.T) {
	only := func(o *Options) { o.Header = http.Header{"Cache-Control": {"only-if-cached"}} }
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "x", "Cache-Control", "max-age=60")
		l.wants(0, "status", only, "/x")
		l.wants(1, "miss 200 x", nil, "/x")
		l.wants(0, "hit 200 x; status", only, "/x", "/y")
	})
}

// TestBypassed: a request with conditions or ranges of its own has nothing to do with the cache, nor has one that says no-store.
func TestBypassed(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "x", "Cache-Control", "max-age=60", "Etag", `"1"`)
		l.wants(1, "miss 200 x", nil, "/x")
		for _, name := range []string{"If-None-Match", "If-Modified-Since", "Range"} {
			l.wants(1, " 200 x", func(o *Options) { o.Header = http.Header{name: {"x"}} }, "/x")
		}
		l.wants(1, " 200 x", nil, `{"url":"http://a.test/x","headers":{"If-Match":"x"}}`)
		l.wants(1, " 200 x", nil, `{"url":"http://a.test/x","headers":{"Cache-Control":"no-store"}}`)
		l.wants(1, " 200 x", nil, `{"url":"http://a.test/x","method":"GET","body":"q"}`)
		l.wants(1, " 200 x", nil, `{"url":"http://a.test/x","method":"OPTIONS"}`)
		l.wants(1, "miss 200 ", nil, `{"url":"http://a.test/x","method":"HEAD"}`)
		l.wants(0, "hit 200 ", nil, `{"url":"http://a.test/x","method":"HEAD"}`)
		l.wants(0, "hit 200 x", nil, "/x")
	})
}

// TestKeyedByWhoAsks holds RFC 9111 sections 4.1 and 3.5 as the issue has them: what credentials fetched, only they find.
func TestKeyedByWhoAsks(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.pages["/x"] = func(r *http.Request) *http.Response {
			who := r.Header.Get("Authorization") + r.Header.Get("Cookie") + r.Header.Get("X-Api-Key")
			return reply(200, "for "+who, "Cache-Control", "max-age=60")
		}
		as := func(name, value string) func(*Options) {
			return func(o *Options) { o.Header = http.Header{name: {value}} }
		}
		basic := func(o *Options) { o.Username, o.Password = "u", "p" }
		cookie := func(o *Options) { o.Cookie = "c=d" }
		for _, tt := range []struct {
			who    string
			change func(*Options)
		}{
			{"", nil}, {"a", as("Authorization", "a")}, {"b", as("Authorization", "b")}, {"k", as("X-Api-Key", "k")},
			{"Basic dTpw", basic}, {"c=d", cookie},
		} {
			l.wants(1, "miss 200 for "+tt.who, tt.change, "/x")
			l.wants(0, "hit 200 for "+tt.who, tt.change, "/x")
		}
		l.wants(0, "hit 200 for Basic dTpw", nil, "http://u:p@a.test/x")
		l.wants(0, "hit 200 for c=d; hit 200 for k", nil, `{"url":"http://a.test/x","headers":{"Cookie":"c=d"}}`, `{"url":"http://a.test/x","headers":{"X-Api-Key":"k"}}`)
		l.wants(0, "hit 200 for a", func(o *Options) {
			o.UserAgent, o.Header = "another", http.Header{"Authorization": {"a"}, "Traceparent": {"00-1-2-01"}}
		}, "/x")
		for _, name := range l.files() {
			if text, err := os.ReadFile(name); err != nil || strings.Contains(string(text), "X-Api-Key") {
				t.Errorf("%s: %q, %v", name, text, err)
			}
		}
	})
}

// TestVary holds RFC 9111 section 4.1: several answers to one URL, by the headers that Vary names.
func TestVary(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.pages["/x"] = func(r *http.Request) *http.Response {
			return reply(200, "in "+r.Header.Get("Accept-Language"), "Cache-Control", "max-age=60", "Vary", "Accept-Language, Accept-Encoding")
		}
		in := func(language string) string {
			return fmt.Sprintf(`{"url":"http://a.test/x","headers":{"Accept-Language":%q}}`, language)
		}
		l.wants(1, "miss 200 in de", nil, in("de"))
		l.wants(1, "miss 200 in en", nil, in("en"))
		l.wants(0, "hit 200 in de; hit 200 in en", nil, in("de"), in("en"))
		l.wants(1, "miss 200 in de", func(o *Options) { o.Identity = true }, in("de"))
	})
}

// TestInvalidated holds RFC 9111 section 4.4: what a successful POST may have changed is forgotten, whoever had asked.
func TestInvalidated(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "x", "Cache-Control", "max-age=60")
		l.page("/y", 200, "y", "Cache-Control", "max-age=60")
		login := func(o *Options) { o.Username = "u" }
		l.run(nil, "/x", "/y")
		l.run(login, "/x")
		l.run(nil, "/x", "/y")
		l.wants(0, "hit 200 x; hit 200 y", nil, "/x", "/y")
		get := l.pages["/x"]
		status := 500
		l.pages["/x"] = func(r *http.Request) *http.Response {
			if r.Method == "POST" {
				return reply(status, "", "Location", "/y")
			}
			return get(r)
		}
		l.wants(1, "status", nil, `{"url":"http://a.test/x","body":"q"}`)
		l.wants(0, "hit 200 x", nil, "/x")
		status = 201
		l.wants(1, " 201 ", nil, `{"url":"http://a.test/x","body":"q"}`)
		l.wants(2, "miss 200 x; miss 200 y", nil, "/x", "/y")
		l.wants(1, "miss 200 x", login, "/x")
	})
}
