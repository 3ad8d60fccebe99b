package transport

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
)

// TestWriteHead: the head of a request has the lines that net/http writes, so that no header value adds a line. Only
// their order may differ.
func TestWriteHead(t *testing.T) {
	for _, tt := range []struct {
		method, url, body string
		header            http.Header
	}{
		{"GET", "http://a.test", "", http.Header{"User-Agent": {"x/1"}, "Accept": {"*/*"}}},
		{"GET", "http://a.test", "", http.Header{"User-Agent": {"x"}, "Range": {"bytes=1-"}, "If-Range": {`"v"`}}},
		{"GET", "http://a.test:81/a%20b/?q=1&q=2", "", http.Header{"User-Agent": {""}}},
		{"GET", "http://a.test?q", "", http.Header{"User-Agent": {"x\r\nX-Evil: 1"}, "X-A": {"1", " 2 ", "a\r\nX-Evil: 1"}}},
		{"HEAD", "http://a.test/%2f", "", http.Header{"User-Agent": {"x"}, "Bad Name": {"1"}, "X-B:": {"1"}}},
		{"POST", "http://a.test/", "a=1", http.Header{
			"User-Agent": {"x"}, "Content-Type": {"text/plain"},
			"Content-Length": {"7"}, "Transfer-Encoding": {"chunked"}, "Trailer": {"X"},
		}},
		{"POST", "http://a.test/", "", http.Header{"User-Agent": {"x"}}},
		{"PUT", "http://a.test/", "", http.Header{"User-Agent": {"x"}}},
		{"DELETE", "http://a.test/", "", http.Header{"User-Agent": {"x"}}},
		{"GET", "http://a.test/", "", http.Header{"User-Agent": {"x"}, "Host": {"b.test:82"}}},
		{"GET", "http://[fe80::1%25eth0]:83/", "", http.Header{"User-Agent": {"x"}}},
	} {
		u, err := httpurl.Parse(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		to := &Target{Method: tt.method, URL: u, Header: tt.header}
		if tt.body != "" {
			to.Body = []byte(tt.body)
		}
		for _, p := range []*dial.Proxy{nil, dial.NewProxies("http://p.test:1", "", "").HTTP()} {
			call := &Call{Target: to, Header: tt.header}
			req := netHTTPRequest(to)
			var want, got bytes.Buffer
			write := req.Write
			if p != nil {
				req.Host = to.URL.Host // so that the URL in the first line is not that of the Host header
				write = req.WriteProxy
			}
			if err := write(&want); err != nil {
				t.Fatal(err)
			}
			if own := to.Header["Host"]; own != nil && p != nil {
				text := strings.Replace(want.String(), "\r\nHost: "+to.URL.Host, "\r\nHost: "+own[0], 1)
				want.Reset()
				want.WriteString(text)
			}
			new(h1Conn).writeHead(&got, call, &pool{proxy: p})
			got.WriteString(tt.body)
			if a, b := sortedLines(got.String()), sortedLines(want.String()); a != b {
				t.Errorf("%s %s over %v: got\n%s\nwant\n%s", tt.method, tt.url, p, a, b)
			}
		}
	}
}

// TestRangeAheadOfIfRange: the first "Range: " in the head of a request is that of the field Range. Weborf 0.19 (Debian
// 12) looks for these letters alone, and answers 400 where they are those of If-Range.
func TestRangeAheadOfIfRange(t *testing.T) {
	var cached headerCache
	lines := string(cached.linesOf(http.Header{
		"Accept": {"*/*"}, "If-Range": {`"1796058364"`}, "Range": {"bytes=100-"}, "User-Agent": {"x"},
	}))
	if _, value, _ := strings.Cut(lines, "Range: "); !strings.HasPrefix(value, "bytes=100-\r\n") {
		t.Errorf("the first Range is that of If-Range:\n%s", lines)
	}
	if n := strings.Count(lines, "\r\n"); n != 4 {
		t.Errorf("%d lines, want 4:\n%s", n, lines)
	}
}

// netHTTPRequest returns the request to a Target as net/http sends it.
func netHTTPRequest(to *Target) *http.Request {
	r := &http.Request{
		Method: to.Method, URL: to.URL, Header: to.Header, Host: to.HostHeader(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(to.Body) > 0 {
		r.ContentLength, r.Body = int64(len(to.Body)), io.NopCloser(bytes.NewReader(to.Body))
	}
	return r
}

// sortedLines returns a request with the lines of its header sorted.
func sortedLines(request string) string {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body
}

// TestHeaderIsRenderedOnce: a header that is sent again is not rendered again, and another one is.
func TestHeaderIsRenderedOnce(t *testing.T) {
	var p headerCache
	a, b := http.Header{"X-A": {"1"}}, http.Header{"X-A": {"2"}}
	if got := string(p.linesOf(a)); got != "X-A: 1\r\n" {
		t.Errorf("got %q", got)
	}
	if allocs := testing.AllocsPerRun(10, func() { p.linesOf(a) }); allocs > 0 {
		t.Errorf("%v allocations", allocs)
	}
	for want, h := range map[string]http.Header{"X-A: 2\r\n": b, "X-A: 1\r\n": a} {
		if got := string(p.linesOf(h)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// TestHeaderIsChangedOnce: what is made of a header is made again for another one only.
func TestHeaderIsChangedOnce(t *testing.T) {
	var p HeaderCache
	calls := 0
	masked := func(h http.Header) http.Header { calls++; return http.Header{"X-A": {h.Get("X-A") + "***"}} }
	a, b := http.Header{"X-A": {"1"}}, http.Header{"X-A": {"2"}}
	for i, h := range []http.Header{a, a, b, b, a} {
		if got := string(p.LinesOf(h, masked)); got != "X-A: "+h.Get("X-A")+"***\r\n" {
			t.Errorf("of header %d: %q", i, got)
		}
	}
	if calls != 3 {
		t.Errorf("changed %d times", calls)
	}
}
