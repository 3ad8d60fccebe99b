package warc_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch"
	"batchfetch/fetch/cache"
	"batchfetch/fetch/input"
	"batchfetch/fetch/spool/spooltest"
	"batchfetch/output"
	"batchfetch/output/encode"
	"batchfetch/output/warc"
)

// archive runs the requests of input and returns the records of the archive that it makes.
func archive(t *testing.T, text string, change func(*fetch.Options)) []record {
	t.Helper()
	options := fetch.Defaults()
	options.Concurrency, options.Retries, options.DropBody = 1, 1, true
	options.RetryDelay, options.ConnectTimeout = 0, time.Minute
	change(&options)
	var out bytes.Buffer
	w := warc.NewWriter(&out, warc.Info{File: "a.warc.gz", Software: "batchfetch/test", Robots: "ignore"}, nil)
	options.Archive = w.Archive
	if _, err := fetch.Run(context.Background(), new(input.Reader).Lines(strings.NewReader(text), "urls.jsonl"),
		sinkOf(w), options); err != nil {
		t.Fatal(err)
	}
	if n := spooltest.OpenFiles(t); n > 0 {
		t.Errorf("%d temporary files are open", n)
	}
	return readArchive(t, out.Bytes())
}

// sinkOf returns the Sink of an archive; failures go nowhere else.
func sinkOf(w *warc.Writer) fetch.Sink {
	lines := output.Split{Success: output.NewJSONL(w, encode.Layout{Body: encode.BodyNone}),
		Failure: output.NewJSONL(io.Discard, encode.Layout{Body: encode.BodyNone})}
	return warc.Sink{Sink: lines, To: w}
}

// only returns the records of a type about a path.
func only(records []record, kind, origin, path string) (found []record) {
	for _, r := range records {
		if r.kind() == kind && r.path(origin) == path {
			found = append(found, r)
		}
	}
	return found
}

// pages starts a server whose responses depend on the path.
func pages(t *testing.T) string {
	t.Helper()
	mux := http.NewServeMux()
	text := func(path, body string, header ...string) {
		mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			for i := 0; i < len(header); i += 2 {
				w.Header().Set(header[i], header[i+1])
			}
			w.Header().Set("X-Asked-With", r.Header.Get("Authorization"))
			_, _ = io.WriteString(w, body)
		})
	}
	text("/page", "a page", "Content-Type", "text/plain")
	text("/twin", "a page", "Set-Cookie", "a=b")
	text("/tagged", "with a tag", "Etag", `"1"`)
	text("/large", strings.Repeat("large ", 1<<20))
	text("/empty", "")
	mux.HandleFunc("/chunked", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, "in two ")
		_ = http.NewResponseController(w).Flush()
		_, _ = io.WriteString(w, "chunks")
	})
	mux.HandleFunc("/packed", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.Header().Set("Content-Type", "text/plain")
		g := gzip.NewWriter(w)
		_, _ = io.WriteString(g, "unpacked")
		_ = g.Close()
	})
	mux.HandleFunc("/moved", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "/page#part")
		w.WriteHeader(http.StatusFound)
		_, _ = io.WriteString(w, "it is over there")
	})
	var once sync.Once
	mux.HandleFunc("/later", func(w http.ResponseWriter, _ *http.Request) {
		once.Do(func() { w.WriteHeader(http.StatusBadGateway) })
		_, _ = io.WriteString(w, "the gateway")
	})
	mux.HandleFunc("/missing", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, strings.Repeat("not found ", 20000))
	})
	mux.HandleFunc("/cut", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "cut")
	})
	mux.HandleFunc("/validated", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Etag", `"v"`)
		w.Header().Set("Cache-Control", "no-cache")
		if r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "a version")
	})
	server := httptest.NewUnstartedServer(mux)
	server.EnableHTTP2 = true
	server.Start()
	t.Cleanup(server.Close)
	return server.URL
}

func TestExchangesAreRecords(t *testing.T) {
	at := pages(t)
	var lines strings.Builder
	for _, path := range []string{"/page", "/twin", "/chunked", "/packed", "/moved", "/later", "/missing", "/cut",
		"/empty", "/large"} {
		fmt.Fprintln(&lines, at+path)
	}
	records := archive(t, lines.String()+"no url\n", func(*fetch.Options) {})
	if records[0].kind() != "warcinfo" || !strings.Contains(records[0].block, "software: batchfetch/test\r\n") {
		t.Errorf("the first record is %q", records[0])
	}
	for _, c := range []struct {
		path, kind  string
		count       int
		has, hasNot string // in the last record's block
		field, is   string // of the last record
	}{
		{path: "/page", kind: "response", count: 1, has: "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"},
		{path: "/page", kind: "revisit", count: 1}, // after /moved
		{path: "/page", kind: "request", count: 2, has: "GET /page HTTP/1.1\r\nHost: 127.0.0.1"},
		{path: "/page", kind: "metadata", count: 2, has: `"url":"` + at + `/moved"`},
		{path: "/twin", kind: "revisit", count: 1, has: "Set-Cookie: a=b\r\n", hasNot: "a page", field: "WARC-Profile",
			is: "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest"},
		{path: "/twin", kind: "revisit", count: 1, field: "WARC-Refers-To-Target-URI", is: at + "/page"},
		{path: "/twin", kind: "revisit", count: 1, field: "WARC-Payload-Digest", is: digest("a page")},
		{path: "/chunked", kind: "response", count: 1,
			has: "\r\nX-Archive-Orig-Transfer-Encoding: chunked\r\n\r\nin two chunks"},
		{path: "/packed", kind: "response", count: 1, has: "Content-Encoding: gzip\r\n", hasNot: "unpacked"},
		{path: "/moved", kind: "response", count: 1, has: "Location: /page#part\r\n"},
		{path: "/moved", kind: "response", count: 1, has: "\r\n\r\nit is over there"},
		{path: "/moved", kind: "metadata", count: 0},
		{path: "/later", kind: "response", count: 1, has: "HTTP/1.1 502 Bad Gateway\r\n"},
		{path: "/later", kind: "revisit", count: 1, has: "HTTP/1.1 200 OK\r\n"},
		{path: "/later", kind: "request", count: 2},
		{path: "/later", kind: "metadata", count: 1, has: `"attempts":2`},
		{path: "/missing", kind: "response", count: 1, has: strings.Repeat("not found ", 20000)},
		{path: "/missing", kind: "metadata", count: 1, has: `"type":"failure"`},
		{path: "/cut", kind: "response", count: 2, field: "WARC-Truncated", is: "disconnect"},
		{path: "/cut", kind: "response", count: 2, has: "\r\n\r\ncut", field: "WARC-Payload-Digest", is: ""},
		{path: "/empty", kind: "response", count: 1, field: "WARC-Payload-Digest", is: digest("")},
		{path: "/large", kind: "response", count: 1, has: strings.Repeat("large ", 1<<20)},
		{path: "/large", kind: "metadata", count: 1, hasNot: `"body"`},
		{path: "", kind: "metadata", count: 1, has: `"kind":"invalid_request"`},
	} {
		t.Run(c.kind+c.path, func(t *testing.T) {
			found := only(records, c.kind, at, c.path)
			if len(found) != c.count {
				t.Fatalf("%d records, want %d", len(found), c.count)
			}
			if c.count == 0 {
				return
			}
			last := found[len(found)-1]
			if !strings.Contains(last.block, c.has) || c.hasNot != "" && strings.Contains(last.block, c.hasNot) {
				t.Errorf("block %.300q", last.block)
			}
			if last.fields[c.field] != c.is {
				t.Errorf("%s is %q, want %q", c.field, last.fields[c.field], c.is)
			}
		})
	}
	checkLinks(t, records)
}

// checkLinks checks that every request and every metadata record of an exchange names a response of the same URL, every
// revisit record an earlier response, and that no ID is there twice.
func checkLinks(t *testing.T, records []record) {
	t.Helper()
	seen := map[string]record{}
	all := map[string]record{}
	for _, r := range records {
		all[r.fields["WARC-Record-ID"]] = r
	}
	if len(all) != len(records) {
		t.Errorf("%d IDs of %d records", len(all), len(records))
	}
	for _, r := range records {
		seen[r.fields["WARC-Record-ID"]] = r
		if id := r.fields["WARC-Concurrent-To"]; id != "" {
			of, known := all[id]
			if !known || of.fields["WARC-Target-URI"] != r.fields["WARC-Target-URI"] {
				t.Errorf("%q names %q", r.fields, of.fields)
			}
		}
		if id := r.fields["WARC-Refers-To"]; id != "" {
			of, known := seen[id]
			if !known || of.kind() != "response" || of.fields["WARC-Date"] != r.fields["WARC-Refers-To-Date"] {
				t.Errorf("%q refers to %q", r.fields, of.fields)
			}
		}
	}
}

// No secret of a request stands in an archive, neither where it is sent nor where the head of a response repeats it.
func TestSecretsAreMasked(t *testing.T) {
	at := pages(t)
	line := fmt.Sprintf(`{"url":%q,"headers":{"X-Api-Key":"key-secret","Accept":"text/*"},"body":"a=1"}`,
		strings.Replace(at, "http://", "http://me:user-secret@", 1)+"/page")
	records := archive(t, line+"\n"+at+"/twin\n", func(o *fetch.Options) {
		o.Header = http.Header{"Authorization": {"Bearer flag-secret"}, "X-Tenant": {"tenant-secret"}}
		o.Cookie = "session=cookie-secret"
	})
	for _, r := range records {
		for _, secret := range []string{"key-secret", "user-secret", "flag-secret", "tenant-secret", "cookie-secret",
			"bWU6"} {
			if strings.Contains(fmt.Sprint(r), secret) {
				t.Errorf("%s in %q", secret, r)
			}
		}
	}
	request := only(records, "request", at, "/page")[0].block
	for _, line := range []string{"Authorization: ***\r\n", "Cookie: ***\r\n", "X-Tenant: ***\r\n", "X-Api-Key: ***\r\n",
		"Accept: text/*\r\n", "Content-Length: 3\r\n", "\r\n\r\na=1"} {
		if !strings.Contains(request, line) {
			t.Errorf("no %q in %q", line, request)
		}
	}
	if response := only(records, "response", at, "/page")[0].block; !strings.Contains(response, "X-Asked-With: ***\r\n") &&
		!strings.Contains(response, "X-Asked-With: Basic ***\r\n") {
		t.Errorf("%q", response)
	}
}

// A 304 to a request of the cache is a revisit of what the cache has.
func TestNotModifiedIsRevisit(t *testing.T) {
	at := pages(t)
	store, err := cache.OpenDisk(t.TempDir(), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	with := func(o *fetch.Options) { o.Cache = store }
	first := archive(t, at+"/validated", with)
	second := archive(t, at+"/validated", with)
	revisits := only(second, "revisit", at, "/validated")
	if len(only(first, "response", at, "/validated")) != 1 || len(revisits) != 1 {
		t.Fatalf("%q and then %q", first, second)
	}
	r := revisits[0]
	if r.fields["WARC-Profile"] != "http://netpreserve.org/warc/1.1/revisit/server-not-modified" ||
		!strings.HasPrefix(r.block, "HTTP/1.1 304 Not Modified\r\n") ||
		r.fields["WARC-Refers-To-Date"] != only(first, "response", at, "/validated")[0].fields["WARC-Date"] {
		t.Errorf("%q", r)
	}
	m := only(second, "metadata", at, "/validated")
	if len(m) != 1 || !strings.Contains(m[0].block, `"cache":"revalidated"`) {
		t.Errorf("%q", m)
	}
}

// Over HTTP/2, which has no head as text, one is made.
func TestHeadOfHTTP2IsMade(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-B", "2")
		w.Header().Set("X-A", r.Proto)
		_, _ = io.WriteString(w, "over HTTP/2")
	}))
	server.EnableHTTP2 = true
	server.StartTLS()
	defer server.Close()
	records := archive(t, server.URL+"/", func(o *fetch.Options) {
		o.TLS = server.Client().Transport.(*http.Transport).TLSClientConfig
	})
	r := only(records, "response", server.URL, "/")[0]
	if !strings.HasPrefix(r.block, "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n") || r.fields["WARC-Protocol"] != "h2" ||
		!strings.Contains(r.block, "\r\nx-a: HTTP/2.0\r\nx-b: 2\r\n\r\nover HTTP/2") {
		t.Errorf("%q", r)
	}
	if q := only(records, "request", server.URL, "/")[0].block; !strings.HasPrefix(q, "GET / HTTP/1.1\r\nHost: ") {
		t.Errorf("%q", q)
	}
}

// A writer that fails ends the run, whichever record it is that can't be written.
func TestFullDiskEndsTheRun(t *testing.T) {
	at := pages(t)
	for _, limit := range []int{0, 500, 1500, 2500} {
		to := &failingWriter{left: limit}
		w := warc.NewWriter(to, warc.Info{File: "a.warc.gz"}, nil)
		o := fetch.Defaults()
		o.Archive = w.Archive
		text := strings.Repeat(at+"/page\n", 20) + strings.Repeat(at+"/missing\n", 20)
		_, err := fetch.Run(context.Background(), new(input.Reader).Lines(strings.NewReader(text), "in"), sinkOf(w), o)
		if !errors.Is(err, errFull) {
			t.Errorf("with room for %d bytes: %v", limit, err)
		}
	}
}

var errFull = errors.New("full")

type failingWriter struct{ left int }

func (w *failingWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, errFull
	}
	w.left -= len(p)
	return len(p), nil
}

func TestNames(t *testing.T) {
	for name, want := range map[string]bool{"a.warc": true, "a.warc.gz": true, "x/A.WARC.GZ": true, "a.warc.zst": true,
		"a.warc.bz2": false, "warc": false, "a.gz": false, "a.warc.jsonl": false, "": false} {
		if warc.IsName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
}

// Behind a proxy the request line is as it was sent, the address of the server is not known, and the login of the proxy
// is left out.
func TestBehindProxy(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") == "" {
			t.Error("no login")
		}
		_, _ = io.WriteString(w, "by proxy")
	}))
	defer proxy.Close()
	records := archive(t, "http://origin.example/page\n", func(o *fetch.Options) {
		o.HTTPProxy = strings.Replace(proxy.URL, "http://", "http://me:proxy-secret@", 1)
	})
	request := only(records, "request", "http://origin.example", "/page")
	if len(request) != 1 || !strings.HasPrefix(request[0].block, "GET http://origin.example/page HTTP/1.1\r\n") {
		t.Errorf("%q", request)
	}
	for _, r := range records {
		if r.fields["WARC-IP-Address"] != "" || strings.Contains(r.block, "proxy-secret") ||
			strings.Contains(r.block, "Proxy-Authorization") {
			t.Errorf("%q", r)
		}
	}
}
