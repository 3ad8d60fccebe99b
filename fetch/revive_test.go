package fetch

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/cache"
	"batchfetch/fetch/cookiejar"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/transport"
)

// TestNotKept: what is no whole success leaves nothing behind.
func TestNotKept(t *testing.T) {
	inLibrary(t, func(l *library) {
		fresh := []string{"Cache-Control", "max-age=60"}
		l.page("/500", 500, "no", fresh...)
		l.page("/404", 404, "no", fresh...)
		l.page("/store", 200, "no", "Cache-Control", "no-store", "Etag", `"1"`)
		l.page("/all", 200, "no", "Cache-Control", "max-age=60", "Vary", "*")
		l.page("/206", 206, "no", fresh...)
		l.page("/large", 200, strings.Repeat("x", 100), fresh...)
		l.page("/sum", 200, "x", fresh...)
		l.page("/gzip", 200, "no", "Cache-Control", "max-age=60", "Content-Encoding", "gzip")
		l.wants(8, "status; status; miss 200 no; miss 200 no; protocol; too_large; checksum; decode", func(o *Options) { o.MaxBody = 50 },
			"/500", "/404", "/store", "/all", "/206", "/large", `{"url":"http://a.test/sum","sha256":"`+strings.Repeat("0", 64)+`"}`, "/gzip")
		if files := l.files(); len(files) > 0 {
			t.Errorf("left %v", files)
		}
		l.wants(1, "miss 404 no", func(o *Options) { o.AcceptStatus = judge.Statuses{{404, 404}} }, "/404")
		l.wants(0, "hit 404 no", func(o *Options) { o.AcceptStatus = judge.Statuses{{404, 404}} }, "/404")
		l.wants(1, "status", nil, "/404") // what is a success to one run is none to another
	})
}

// TestKeptDoesNotFit: a kept answer that this run would not take from the server is not taken from the cache.
func TestKeptDoesNotFit(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "twelve bytes", "Cache-Control", "max-age=60")
		l.wants(1, "miss 200 twelve bytes", nil, "/x")
		l.wants(1, "miss 200 twelve bytes", func(o *Options) { o.Private = dial.PrivateDeny }, "/x") // nobody knows where it came from
		l.wants(1, "too_large", func(o *Options) { o.MaxBody = 11 }, "/x")
		l.wants(1, "checksum", nil, `{"url":"http://a.test/x","sha256":"`+strings.Repeat("0", 64)+`"}`)
		l.wants(0, "hit 200 twelve bytes", nil, fmt.Sprintf(`{"url":"http://a.test/x","sha256":"%x"}`, sha256.Sum256([]byte("twelve bytes"))))
	})
}

// TestJarAndCache: an answer that sets cookies is not kept where a jar would miss them.
func TestJarAndCache(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/login", 200, "in", "Cache-Control", "max-age=60", "Set-Cookie", "a=b")
		jar := func(o *Options) { o.Jar = cookiejar.New() }
		l.wants(1, "miss 200 in", jar, "/login")
		l.wants(1, "miss 200 in", jar, "/login")
		l.wants(1, "miss 200 in", nil, "/login")
		l.wants(0, "hit 200 in", nil, "/login")
	})
}

// TestCookiesBetweenLookupAndExchange: what was fetched with a cookie that came after the lookup is not found without it.
func TestCookiesBetweenLookupAndExchange(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/login", 200, "in", "Set-Cookie", "who=ann; Path=/")
		var tries atomic.Int32
		l.pages["/x"] = func(r *http.Request) *http.Response {
			if r.Header.Get("Cookie") == "" && tries.Add(1) < 3 {
				return reply(503, "", "Retry-After", "1") // time for the cookie to come
			}
			return reply(200, "for "+r.Header.Get("Cookie"), "Cache-Control", "max-age=60")
		}
		with := func(o *Options) { o.Jar, o.Retries = cookiejar.New(), 1 }
		if got := l.run(with, "/login", "/x"); got[1] != "miss 200 for who=ann" && got[1] != " 200 for who=ann" { // at once, or after a lookup for nobody
			t.Errorf("got %q", got)
		}
		l.pages["/x"] = func(*http.Request) *http.Response { return reply(200, "for nobody") }
		l.wants(1, "miss 200 for nobody", nil, "/x")
	})
}

// TestWhoAndVia: a client certificate, a Host header and an address given by hand make it another question, each where it counts.
func TestWhoAndVia(t *testing.T) {
	ask := func(address string, change func(*Options)) cache.Key {
		o := options(change)
		keys := newCacheKeys(o)
		to, err := newTargeter(o).newTarget(&Request{URL: address})
		if err != nil {
			t.Fatal(err)
		}
		q, ok := keys.questionOf(&to, to.Header)
		if !ok {
			t.Fatal("passed by")
		}
		return cache.Key(sha256.Sum256([]byte(fmt.Sprint(q.Key(), q.Who))))
	}
	certificate := func(o *Options) {
		o.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{{1, 2, 3}}}}} //nolint:gosec // never used
	}
	host := func(o *Options) { o.Header = http.Header{"Host": {"other.test"}} }
	pinned := func(o *Options) {
		o.Resolve = []dial.Override{{Host: "a.test", Port: 443, Addrs: []netip.Addr{netip.MustParseAddr("192.0.2.1")}}}
	}
	for _, tt := range []struct {
		name, address string
		change        func(*Options)
		same          bool
	}{
		{"a certificate", "https://a.test/", certificate, false},
		{"a certificate that nobody asks for", "http://a.test/", certificate, true},
		{"a Host header", "http://a.test/", host, false},
		{"an address given by hand", "https://a.test/", pinned, false},
		{"another agent", "https://a.test/", func(o *Options) { o.UserAgent = "x" }, true},
	} {
		if same := ask(tt.address, nil) == ask(tt.address, tt.change); same != tt.same {
			t.Errorf("%s: the same question: %t", tt.name, same)
		}
	}
}

// TestLargeBodiesFromTheCache: a body is where one from the server would be: in memory, in a temporary file, with the Keeper.
func TestLargeBodiesFromTheCache(t *testing.T) {
	inLibrary(t, func(l *library) {
		for i, size := range []int{0, 1000, 5000, 40_000, 300_000} {
			body := strings.Repeat("large body", size/10)
			path := fmt.Sprint("/", i)
			l.page(path, 200, body, "Cache-Control", "max-age=60")
			l.run(nil, path)
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
				o := options(func(o *Options) { o.Cache, o.BodyMemory = l.store, memory })
				if _, err := runOver(l.Context(), linesOf("http://a.test"+path), sink, o, l); err != nil || got != body {
					t.Errorf("%d bytes: got %d, %v", size, len(got), err)
				}
			}
			keeper := new(failingStore)
			l.wants(0, "hit 200 ", func(o *Options) { o.BodyStore = keeper }, fmt.Sprintf(`{"url":"http://a.test%s","path":"x"}`, path))
			if keeper.kept["x"] != body || keeper.begun != 1 {
				t.Errorf("%d bytes: kept %d", size, len(keeper.kept["x"]))
			}
			l.wants(0, "hit 200 ", func(o *Options) { o.DropBody = true }, path)
		}
	})
}

// TestQuotaOfAKeptAnswer: what a server said of its quota when it answered is nothing that a 304 says again.
func TestQuotaOfAKeptAnswer(t *testing.T) {
	inLibrary(t, func(l *library) {
		l.page("/x", 200, "one", "Etag", `"1"`, "Ratelimit-Remaining", "0", "Ratelimit-Reset", "50")
		l.wants(1, "miss 200 one", nil, "/x")
		l.pages["/x"] = func(*http.Request) *http.Response { return reply(304, "", "Etag", `"1"`) }
		l.page("/y", 200, "y")
		began := time.Now()
		l.run(nil, "/x", "/y", "/y?2", "/y?3")
		if took := time.Since(began); took > time.Second {
			t.Errorf("took %s", took)
		}
	})
}

// TestUncheckedIsNothingToTheCareful: what came from a server that nobody has checked is not used where servers are.
func TestUncheckedIsNothingToTheCareful(t *testing.T) {
	to := &target{Target: transport.Target{URL: &url.URL{Scheme: "https", Host: "a.test"}}}
	via := func(c *tls.Config) string {
		o := options(func(o *Options) { o.TLS = c })
		keys := newCacheKeys(o)
		return keys.via(to)
	}
	pool := x509.NewCertPool()
	pool.AddCert(&x509.Certificate{Raw: []byte("a"), RawSubject: []byte("a")})
	seen := map[string]bool{}
	for _, c := range []*tls.Config{nil, {InsecureSkipVerify: true}, {RootCAs: pool}} {
		seen[via(c)] = true
	}
	if len(seen) != 3 {
		t.Errorf("told apart: %v", seen)
	}
}
