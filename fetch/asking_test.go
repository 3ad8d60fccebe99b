package fetch

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
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
		u, err := ParseURL(tt.url)
		if err != nil {
			t.Fatal(err)
		}
		to := &Target{method: tt.method, url: u, header: tt.header}
		if tt.body != "" {
			to.body = []byte(tt.body)
		}
		for _, p := range []*proxy{nil, newProxies("http://p.test:1", "", "").HTTP()} {
			call := &Call{Target: to, Header: tt.header}
			req := call.request()
			var want, got bytes.Buffer
			write := req.Write
			if p != nil {
				req.Host = to.url.Host // the URL that a proxy is asked for is the URL, whatever the header Host says
				write = req.WriteProxy
			}
			if err := write(&want); err != nil {
				t.Fatal(err)
			}
			if own := to.header["Host"]; own != nil && p != nil {
				text := strings.Replace(want.String(), "\r\nHost: "+to.url.Host, "\r\nHost: "+own[0], 1)
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

// TestLargeUpload: it arrives whole, and the connection is used again.
func TestLargeUpload(t *testing.T) {
	body := strings.Repeat("0123456789", 100_000)
	url, made := counted(t, func(w http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err != nil || string(got) != body {
			t.Errorf("%d bytes of %d, %v", len(got), len(body), err)
		}
	})
	shelf := along(t, quick(nil), network{}, `{"url":"`+url+`","body":"`+body+`"}`, `{"url":"`+url+`","body":"`+body+`"}`)
	if shelf.kinds() != "ok ok" || made.Load() != 1 {
		t.Errorf("%s over %d connections", shelf.kinds(), made.Load())
	}
}

// TestEarlyAnswer: a server that refuses an upload before it has read it is heard, whether or not it reads on or closes, and the
// connection is not used again while the rest is under way.
func TestEarlyAnswer(t *testing.T) {
	body := strings.Repeat("x", 3<<20)
	for name, then := range map[string]func(c *net.TCPConn){
		"and waits":    func(*net.TCPConn) { time.Sleep(300 * time.Millisecond) },
		"and closes":   func(c *net.TCPConn) { _ = c.CloseWrite(); until(c) },
		"and reads on": func(c *net.TCPConn) { time.Sleep(100 * time.Millisecond); until(c) },
	} {
		t.Run(name, func(t *testing.T) {
			url := talk(t, func(c *net.TCPConn) {
				ask(c)
				say(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
				then(c)
			})
			began := time.Now()
			shelf := along(t, quick(nil), network{}, `{"url":"`+url+`","body":"`+body+`"}`, `{"url":"`+url+`","body":"`+body+`"}`)
			if shelf.kinds() != "status status" || shelf.records[1].Status != 413 || time.Since(began) > 20*time.Second {
				t.Errorf("%s: %v", shelf.kinds(), shelf.records[0].Failure)
			}
		})
	}
}

// TestEarlyAnswerToALargeHead: a header that does not fit into what the kernel takes is no reason not to listen.
func TestEarlyAnswerToALargeHead(t *testing.T) {
	heard := make(chan struct{})
	url := talk(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 1000))
		say(c, "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n")
		select {
		case <-heard:
		case <-time.After(25 * time.Second):
		}
	})
	defer close(heard)
	line := `{"url":"` + url + `","headers":{"X-A":"` + strings.Repeat("x", 3<<20) + `"}}`
	if r, _ := one(t, line, quick(nil)); r.Status != 431 || r.Elapsed > 20*time.Second {
		t.Errorf("%d after %s, %v", r.Status, r.Elapsed, r.Failure)
	}
}

// TestEarlySuccess: a server may thank for an upload before it has read it. It gets all of it, and the connection is used again.
func TestEarlySuccess(t *testing.T) {
	body, got := strings.Repeat("x", 3<<20), make(chan int, 2)
	url := talk(t, func(c *net.TCPConn) {
		for in := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			say(c, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
			n, _ := io.Copy(io.Discard, r.Body)
			got <- int(n)
		}
	})
	shelf := along(t, quick(nil), network{}, `{"url":"`+url+`","body":"`+body+`"}`, `{"url":"`+url+`","body":"`+body+`"}`)
	if first, second := <-got, <-got; shelf.kinds() != "ok ok" || first != len(body) || second != len(body) {
		t.Errorf("%s: %d and %d bytes of %d", shelf.kinds(), first, second, len(body))
	}
}

// TestWhatASourceChangesIsChecked: a Source may change what a Reader has looked at, and can't send what a Reader refuses.
func TestWhatASourceChangesIsChecked(t *testing.T) {
	for name, change := range map[string]func(*Request){
		"method": func(r *Request) { r.Method = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\nGET" },
		"header": func(r *Request) { r.Header = http.Header{"Host": {"x\r\nX-Evil: 1"}} },
	} {
		source := func(yield func(Request, error) bool) {
			for r, err := range linesOf("http://127.0.0.1:1/") {
				change(&r)
				if !yield(r, err) {
					return
				}
			}
		}
		var shelf shelf
		if _, err := Run(t.Context(), source, &shelf, quick(nil)); err != nil || shelf.kinds() != "invalid_request" {
			t.Errorf("%s: %s, %v", name, shelf.kinds(), err)
		}
	}
}
