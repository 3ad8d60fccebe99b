package transport

import (
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
)

// TestHeadOfRequest: it has the lines that net/http would write, so that nothing breaks out of its line.
func TestHeadOfRequest(t *testing.T) {
	for _, tt := range []struct {
		method, url, body string
		header            http.Header
	}{
		{"GET", "http://a.test", "", http.Header{"User-Agent": {"x/1"}, "Accept": {"*/*"}}},
		{"GET", "http://a.test:81/a%20b/?q=1&q=2", "", http.Header{"User-Agent": {""}}},
		{"GET", "http://a.test?q", "", http.Header{"User-Agent": {"x\r\nX-Evil: 1"}, "X-A": {"1", " 2 ", "a\r\nX-Evil: 1"}}},
		{"HEAD", "http://a.test/%2f", "", http.Header{"User-Agent": {"x"}, "Bad Name": {"1"}, "X-B:": {"1"}}},
		{"POST", "http://a.test/", "a=1", http.Header{"User-Agent": {"x"}, "Content-Type": {"text/plain"}, "Content-Length": {"7"}, "Transfer-Encoding": {"chunked"}, "Trailer": {"X"}}},
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
			req := call.request()
			var want, got bytes.Buffer
			write := req.Write
			if p != nil {
				req.Host = to.URL.Host // the URL that a proxy is asked for is the URL, whatever the header Host says
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

// sortedLines leaves the first line of a request in its place, and what stands behind the header.
func sortedLines(request string) string {
	head, body, _ := strings.Cut(request, "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n") + "\n\n" + body
}

// TestPhraseIsMadeOnce: the lines of a header that comes again are not made again, and those of another one are.
func TestPhraseIsMadeOnce(t *testing.T) {
	var p headerCache
	a, b := http.Header{"X-A": {"1"}}, http.Header{"X-A": {"2"}}
	if got := string(p.linesOf(a)); got != "X-A: 1\r\n" {
		t.Errorf("got %q", got)
	}
	if made := testing.AllocsPerRun(10, func() { p.linesOf(a) }); made > 0 {
		t.Errorf("%v allocations", made)
	}
	for want, h := range map[string]http.Header{"X-A: 2\r\n": b, "X-A: 1\r\n": a} {
		if got := string(p.linesOf(h)); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
