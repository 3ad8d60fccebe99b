package fetch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/judge"
)

// TestNotStored checks that a response that is no complete success leaves no entry.
func TestNotStored(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		fresh := []string{"Cache-Control", "max-age=60"}
		rig.setPage("/500", 500, "no", fresh...)
		rig.setPage("/404", 404, "no", fresh...)
		rig.setPage("/store", 200, "no", "Cache-Control", "no-store", "Etag", `"1"`)
		rig.setPage("/all", 200, "no", "Cache-Control", "max-age=60", "Vary", "*")
		rig.setPage("/206", 206, "no", fresh...)
		rig.setPage("/large", 200, strings.Repeat("x", 100), fresh...)
		rig.setPage("/sum", 200, "x", fresh...)
		rig.setPage("/gzip", 200, "no", "Cache-Control", "max-age=60", "Content-Encoding", "gzip")
		rig.want(8, "status; status; miss 200 no; miss 200 no; protocol; too_large; checksum; decode",
			func(o *Options) { o.MaxBody = 50 },
			"/500", "/404", "/store", "/all", "/206", "/large", `{"url":"http://a.test/sum","sha256":"`+strings.Repeat("0", 64)+
				`"}`, "/gzip")
		if files := rig.entryFiles(); len(files) > 0 {
			t.Errorf("left %v", files)
		}
		rig.want(1, "miss 404 no", func(o *Options) { o.AcceptStatus = judge.Statuses{{404, 404}} }, "/404")
		rig.want(0, "hit 404 no", func(o *Options) { o.AcceptStatus = judge.Statuses{{404, 404}} }, "/404")
		rig.want(1, "status", nil, "/404") // not a success in this run
	})
}

// TestStoredResponseDoesNotFit checks that a stored response is not used if this run would not accept it from the
// server.
func TestStoredResponseDoesNotFit(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "twelve bytes", "Cache-Control", "max-age=60")
		rig.want(1, "miss 200 twelve bytes", nil, "/x")
		// the address it came from is not known
		rig.want(1, "miss 200 twelve bytes", func(o *Options) { o.Private = dial.PrivateDeny }, "/x")
		rig.want(1, "too_large", func(o *Options) { o.MaxBody = 11 }, "/x")
		rig.want(1, "checksum", nil, `{"url":"http://a.test/x","sha256":"`+strings.Repeat("0", 64)+`"}`)
		rig.want(0, "hit 200 twelve bytes", nil, fmt.Sprintf(`{"url":"http://a.test/x","sha256":"%x"}`,
			sha256.Sum256([]byte("twelve bytes"))))
	})
}

// TestJarAndCache checks that a response that sets cookies is not stored if the run has a Jar.
func TestJarAndCache(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/login", 200, "in", "Cache-Control", "max-age=60", "Set-Cookie", "a=b")
		jar := func(o *Options) { o.Jar = cookiejar.New() }
		rig.want(1, "miss 200 in", jar, "/login")
		rig.want(1, "miss 200 in", jar, "/login")
		rig.want(1, "miss 200 in", nil, "/login")
		rig.want(0, "hit 200 in", nil, "/login")
	})
}

// TestLargeBodiesFromTheCache checks that the body of a hit is where one from the server would be: in memory, in a
// temporary file or in the BodyStore.
func TestLargeBodiesFromTheCache(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		for i, size := range []int{0, 1000, 5000, 40_000, 300_000} {
			body := strings.Repeat("large body", size/10)
			path := fmt.Sprint("/", i)
			rig.setPage(path, 200, body, "Cache-Control", "max-age=60")
			rig.run(nil, path)
			for _, memory := range []int64{0, 4096, 1 << 20} {
				var got string
				sink := SinkFunc(func(r *Record) error {
					text, err := io.ReadAll(r.OpenBody())
					got = string(text)
					if spooled := r.Spool != nil; spooled != (memory > 0 && int64(size) > memory) || r.Cache != CacheHit {
						t.Errorf("%d bytes with %d in memory: spooled %t, %s", size, memory, spooled, r.Cache)
					}
					return err
				})
				o := options(func(o *Options) { o.Cache, o.BodyMemory = rig.store, memory })
				if _, err := runWithClient(rig.Context(), linesOf("http://a.test"+path), sink, o, rig); err != nil || got != body {
					t.Errorf("%d bytes: got %d, %v", size, len(got), err)
				}
			}
			store := new(failingStore)
			rig.want(0, "hit 200 ", func(o *Options) { o.BodyStore = store },
				fmt.Sprintf(`{"url":"http://a.test%s","path":"x"}`, path))
			if store.bodies["x"] != body || store.created != 1 {
				t.Errorf("%d bytes: kept %d", size, len(store.bodies["x"]))
			}
			rig.want(0, "hit 200 ", func(o *Options) { o.DropBody = true }, path)
		}
	})
}

// TestQuotaOfAStoredResponse checks that the quota headers of a stored response are not applied again with a 304.
func TestQuotaOfAStoredResponse(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "one", "Etag", `"1"`, "Ratelimit-Remaining", "0", "Ratelimit-Reset", "50")
		rig.want(1, "miss 200 one", nil, "/x")
		rig.pages["/x"] = func(*http.Request) *http.Response { return newResponse(304, "", "Etag", `"1"`) }
		rig.setPage("/y", 200, "y")
		began := time.Now()
		rig.run(nil, "/x", "/y", "/y?2", "/y?3")
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestInvalidated checks RFC 9111 section 4.4: a successful POST invalidates the responses that it may have changed,
// for all credentials.
func TestInvalidated(t *testing.T) {
	withCacheRig(t, func(rig *cacheRig) {
		rig.setPage("/x", 200, "x", "Cache-Control", "max-age=60")
		rig.setPage("/y", 200, "y", "Cache-Control", "max-age=60")
		login := func(o *Options) { o.Username = "u" }
		rig.run(nil, "/x", "/y")
		rig.run(login, "/x")
		rig.run(nil, "/x", "/y")
		rig.want(0, "hit 200 x; hit 200 y", nil, "/x", "/y")
		get := rig.pages["/x"]
		status := 500
		rig.pages["/x"] = func(r *http.Request) *http.Response {
			if r.Method == "POST" {
				return newResponse(status, "", "Location", "/y")
			}
			return get(r)
		}
		rig.want(1, "status", nil, `{"url":"http://a.test/x","body":"q"}`)
		rig.want(0, "hit 200 x", nil, "/x")
		status = 201
		rig.want(1, " 201 ", nil, `{"url":"http://a.test/x","body":"q"}`)
		rig.want(2, "miss 200 x; miss 200 y", nil, "/x", "/y")
		rig.want(1, "miss 200 x", login, "/x")
	})
}
