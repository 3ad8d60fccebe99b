package cookiejar

import (
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestJarOrder checks that longer paths are sent first, then older cookies, and that a new value keeps the age of the
// old one (RFC 6265 section 5.4).
func TestJarOrder(t *testing.T) {
	j, u := New(), parseURL(t, "https://a.test/x/y")
	j.SetCookies(u, []string{"a=1; Path=/", "b=2; Path=/x", "c=3; Path=/", "a=4; Path=/"}, testTime)
	if got, want := j.headerFor(t, "https://a.test/x/y", testTime), "b=2; a=4; c=3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	j.SetCookies(u, []string{"a=; Path=/; Max-Age=0"}, testTime)
	if got, want := j.headerFor(t, "https://a.test/x/y", testTime), "b=2; c=3"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestJarExpires(t *testing.T) {
	j := New()
	j.SetCookies(parseURL(t, "http://a.test/"), []string{"a=1; Max-Age=60", "b=2"}, testTime)
	for after, want := range map[time.Duration]string{59 * time.Second: "a=1; b=2", time.Minute: "b=2"} {
		if got := j.headerFor(t, "http://a.test/", testTime.Add(after)); got != want {
			t.Errorf("after %s: got %q, want %q", after, got, want)
		}
	}
}

// TestJarProtectsSecureCookies checks that plain http neither replaces nor shadows a Secure cookie.
func TestJarProtectsSecureCookies(t *testing.T) {
	j := New()
	j.SetCookies(parseURL(t, "https://a.test/"), []string{"k=good; Secure; Domain=a.test"}, testTime)
	for _, set := range []string{"k=evil; Domain=a.test", "k=evil; Path=/x", "k=; Domain=a.test; Max-Age=0"} {
		j.SetCookies(parseURL(t, "http://www.a.test/x/"), []string{set}, testTime)
		if got := j.headerFor(t, "https://www.a.test/x/", testTime); got != "k=good" {
			t.Errorf("after %s: got %q", set, got)
		}
	}
}

// TestJarBindsToOrigin checks that cookies with one name from several origins on one host are stored separately and
// each is sent to its own origin; a cookie from a file is sent to all of them, except where a server has set a newer
// one.
func TestJarBindsToOrigin(t *testing.T) {
	for _, tt := range []struct {
		name string
		sets [][2]string       // URL and Set-Cookie, in turn
		want map[string]string // by URL
	}{
		{"one from a file", nil,
			map[string]string{"http://a.test/": "k=file", "https://a.test:8443/": "k=file", "http://www.a.test/": "k=file"}},
		{"a newer one at its origin", [][2]string{{"https://a.test/", "k=new"}},
			map[string]string{"https://a.test/": "k=new", "https://a.test:8443/": "k=file", "http://a.test/": "k=file",
				"https://www.a.test/": "k=file"}},
		{"a newer one of the domain", [][2]string{{"https://www.a.test/", "k=new; Domain=a.test"}},
			map[string]string{"https://a.test/": "k=new", "https://a.test:8443/": "k=new", "http://a.test/": "k=file"}},
		{"each its own", [][2]string{{"http://a.test:1/", "k=1"}, {"http://a.test:2/", "k=2"}, {"https://a.test:2/", "k=3"}},
			map[string]string{"http://a.test:1/": "k=1", "http://a.test:2/": "k=2", "https://a.test:2/": "k=3"}},
		{"one that is taken away",
			[][2]string{{"http://a.test:1/", "k=1"}, {"http://a.test:2/", "k=2"}, {"http://a.test:1/", "k=; Max-Age=0"}},
			map[string]string{"http://a.test:1/": "", "http://a.test:2/": "k=2", "http://a.test:3/": ""}},
		{"up to https", [][2]string{{"http://a.test/", "k=up"}},
			map[string]string{"https://a.test/": "k=up", "https://a.test:8443/": "k=up", "https://www.a.test/": "k=file"}},
		{"up to https, where there is another", [][2]string{{"https://a.test/", "k=own"}, {"http://a.test/", "k=up"}},
			map[string]string{"https://a.test/": "k=own", "http://a.test/": "k=up", "https://a.test:8443/": "k=up"}},
		{"up to https from two ports", [][2]string{{"http://a.test:1/", "k=1"}, {"http://a.test:2/", "k=2"},
			{"http://a.test:1/", "k=3"}},
			map[string]string{"https://a.test/": "k=3", "http://a.test:1/": "k=3", "http://a.test:2/": "k=2"}},
		{"one that https takes away", [][2]string{{"http://a.test/", "k=up"}, {"https://a.test/", "k=; Max-Age=0"}},
			map[string]string{"https://a.test/": "", "http://a.test/": ""}},
		{"one path below", [][2]string{{"http://a.test/", "k=deep; Path=/x"}},
			map[string]string{"http://a.test/x": "k=deep; k=file", "http://a.test/": "k=file"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			j := New()
			if err := j.Load([]byte(".a.test\tTRUE\t/\tFALSE\t0\tk\tfile\n"), testTime); err != nil {
				t.Fatal(err)
			}
			for _, set := range tt.sets {
				j.SetCookies(parseURL(t, set[0]), []string{set[1]}, testTime)
			}
			for to, want := range tt.want {
				if got := j.headerFor(t, to, testTime); got != want {
					t.Errorf("%s: got %q, want %q", to, got, want)
				}
			}
		})
	}
}

// TestJarBounds checks that no server makes the Jar exceed its bounds, and that eviction spares the user's cookies and
// those that other sites use.
func TestJarBounds(t *testing.T) {
	file := []byte(".a.test\tTRUE\t/\tFALSE\t0\tmine\tkept\n")
	filled := func(t *testing.T) *Jar {
		j := New()
		if err := j.Load(file, testTime); err != nil {
			t.Fatal(err)
		}
		return j
	}
	t.Run("of one answer", func(t *testing.T) {
		j := filled(t)
		var lines []string
		for i := range 1000 {
			lines = append(lines, fmt.Sprintf("k%d=v", i))
		}
		j.SetCookies(parseURL(t, "http://b.test/"), lines, testTime)
		if got := len(j.pairsFor(parseURL(t, "http://b.test/"), testTime)); got != maxSetCookies {
			t.Errorf("%d cookies of one answer, want %d", got, maxSetCookies)
		}
	})
	t.Run("of one site", func(t *testing.T) {
		j := filled(t)
		for i := range 1000 {
			from := parseURL(t, fmt.Sprintf("http://%d.a.test/", i))
			j.SetCookies(from, []string{fmt.Sprintf("k%d=v; Domain=a.test", i), "h=1"}, testTime)
			if got := j.headerFor(t, "http://0.a.test/", testTime); i < 90 && !strings.Contains(got, "h=1") {
				t.Fatalf("a cookie in use is gone after %d: %q", i, got)
			}
		}
		if got := len(j.sites["a.test"]); got != maxSiteCookies+1 {
			t.Errorf("%d cookies of one site, want %d and the file's", got, maxSiteCookies)
		}
		if got := j.headerFor(t, "http://a.test/", testTime); !strings.HasPrefix(got, "mine=kept; ") ||
			!strings.Contains(got, "k999=v") || strings.Contains(got, "k1=v") {
			t.Errorf("got %q", got)
		}
	})
	t.Run("what has expired goes first", func(t *testing.T) {
		j := filled(t)
		u := parseURL(t, "http://a.test/")
		j.SetCookies(u, []string{"first=1"}, testTime)
		for i := range maxSiteCookies - 1 {
			j.SetCookies(u, []string{fmt.Sprintf("k%d=v; Max-Age=1", i)}, testTime)
		}
		j.SetCookies(u, []string{"last=1"}, testTime.Add(time.Minute))
		if got := j.headerFor(t, "http://a.test/", testTime.Add(time.Minute)); got != "mine=kept; first=1; last=1" {
			t.Errorf("got %q", got)
		}
	})
	t.Run("of all sites", func(t *testing.T) {
		j := filled(t)
		long := strings.Repeat("v", 4000)
		for i := range 6000 {
			j.SetCookies(parseURL(t, fmt.Sprintf("http://%d.test/", i)), []string{"k=" + long}, testTime)
			j.pairsFor(parseURL(t, "http://0.test/"), testTime)
		}
		if j.bytes > maxJarBytes || j.bytes < maxJarBytes-8<<10 || len(j.sites) != j.lru.Len()+1 {
			t.Errorf("%d bytes in %d sites, %d of servers", j.bytes, len(j.sites), j.lru.Len())
		}
		for address, want := range map[string]bool{
			"http://a.test/": true, "http://0.test/": true, "http://5999.test/": true, "http://1.test/": false,
		} {
			if got := len(j.pairsFor(parseURL(t, address), testTime)) > 0; got != want {
				t.Errorf("%s has cookies: %t, want %t", address, got, want)
			}
		}
	})
	t.Run("of one request", func(t *testing.T) {
		j := filled(t)
		for i := range 10 {
			line := fmt.Sprintf("k%d=%s", i, strings.Repeat("v", 3000))
			j.SetCookies(parseURL(t, "http://a.test/"), []string{line}, testTime)
		}
		if got := len(j.headerFor(t, "http://a.test/", testTime)); got > maxHeaderBytes {
			t.Errorf("a line of %d bytes", got)
		}
	})
}

// TestJarReleasesItsBytes checks that cookies that are replaced or removed no longer count.
func TestJarReleasesItsBytes(t *testing.T) {
	j, u := New(), parseURL(t, "http://a.test/")
	for range 3 {
		j.SetCookies(u, []string{"a=1", "b=22; Path=/x", "a=333"}, testTime)
	}
	j.SetCookies(u, []string{"a=; Max-Age=0", "b=; Path=/x; Max-Age=0", "c=; Max-Age=0"}, testTime)
	if j.bytes != 0 || j.lru.Len() != 0 || len(j.sites) != 0 {
		t.Errorf("%d bytes, %d cookies, %d sites are left", j.bytes, j.lru.Len(), len(j.sites))
	}
}

// TestJarIsShared uses a Jar from several goroutines, for the race detector.
func TestJarIsShared(t *testing.T) {
	j := New()
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			u := parseURL(t, fmt.Sprintf("http://%d.a.test/", i%2))
			for n := range 200 {
				j.SetCookies(u, []string{fmt.Sprintf("k%d=%d; Domain=a.test", n, i)}, testTime)
				j.pairsFor(u, testTime)
			}
		})
	}
	all.Wait()
	if got := len(j.sites["a.test"]); got != maxSiteCookies {
		t.Errorf("%d cookies, want %d", got, maxSiteCookies)
	}
}

// TestJarKeepsNoHeader: a cookie keeps none of the header alive of which its line is a part.
func TestJarKeepsNoHeader(t *testing.T) {
	j := New()
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 1000 {
		header := fmt.Sprintf("x%d=y", i) + strings.Repeat(" ", 64<<10)
		j.SetCookies(parseURL(t, fmt.Sprintf("https://h%d.test/", i)), []string{header[:8]}, testTime)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("1000 cookies take %d KiB", grown>>10)
	}
	runtime.KeepAlive(j)
}
