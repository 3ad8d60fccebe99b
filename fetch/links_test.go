package fetch

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A hung connection knows whether it has been closed.
type hung struct {
	net.Conn
	up atomic.Bool
}

func (h *hung) Close() error {
	h.up.Store(true)
	return nil
}

func hungLink() (*link, *hung) {
	h := new(hung)
	return newLink(&conn{Conn: h, given: make(chan struct{})}, nil), h
}

// TestIdleLinks holds what lies idle against a list of it, over a thousand random steps.
func TestIdleLinks(t *testing.T) {
	for seed := range uint64(20) {
		chance := rand.New(rand.NewPCG(seed, 1))
		ls := &links{most: 1 + chance.IntN(8), top: make(map[string]*link)}
		type lying struct {
			key  string
			link *link
			hung *hung
		}
		var want []lying // the longest idle first
		for step := range 1000 {
			key := fmt.Sprint("host", chance.IntN(4))
			if chance.IntN(2) == 0 {
				l, h := hungLink()
				ls.put(key, l)
				if want = append(want, lying{key, l, h}); len(want) > ls.most {
					if !want[0].hung.up.Load() {
						t.Fatalf("seed %d, step %d: the longest idle is not hung up", seed, step)
					}
					want = want[1:]
				}
			} else {
				at := len(want) - 1
				for at >= 0 && want[at].key != key {
					at--
				}
				got := ls.take(key)
				if at < 0 && got != nil || at >= 0 && got != want[at].link {
					t.Fatalf("seed %d, step %d: took the wrong link", seed, step)
				}
				if at >= 0 {
					want = slices.Delete(want, at, at+1)
				}
			}
			for _, each := range want {
				if each.hung.up.Load() {
					t.Fatalf("seed %d, step %d: hung up", seed, step)
				}
			}
			if ls.count != len(want) {
				t.Fatalf("seed %d, step %d: %d idle, want %d", seed, step, ls.count, len(want))
			}
		}
		ls.close()
		for _, each := range want {
			if !each.hung.up.Load() {
				t.Fatalf("seed %d: still open at the end", seed)
			}
		}
		if ls.count != 0 || len(ls.top) != 0 || ls.oldest != nil || ls.newest != nil || ls.sweep != nil {
			t.Errorf("seed %d: something is left: %+v", seed, ls)
		}
	}
}

// TestIdleLinksAreHungUpInTime: each when it has lain idle for as long as it may, not before.
func TestIdleLinksAreHungUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ls := &links{most: 9, top: make(map[string]*link)}
		defer ls.close()
		first, one := hungLink()
		second, two := hungLink()
		ls.put("a", first)
		time.Sleep(idleTimeout / 3)
		ls.put("a", second)
		for _, tt := range []struct {
			wait     time.Duration
			one, two bool
		}{{idleTimeout*2/3 - time.Millisecond, false, false}, {2 * time.Millisecond, true, false}, {idleTimeout/3 - 2*time.Millisecond, true, false}, {2 * time.Millisecond, true, true}} {
			time.Sleep(tt.wait)
			synctest.Wait()
			if one.up.Load() != tt.one || two.up.Load() != tt.two {
				t.Errorf("hung up %v and %v, want %v and %v", one.up.Load(), two.up.Load(), tt.one, tt.two)
			}
		}
		if ls.take("a") != nil {
			t.Error("a link that was hung up is taken")
		}
	})
}

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
		to := &target{method: tt.method, url: u, header: tt.header}
		if tt.body != "" {
			to.body = []byte(tt.body)
		}
		for _, p := range []*proxy{nil, {scheme: "http", addr: "p.test:1"}} {
			req := (&exchange{options: options(nil), to: to, watch: new(watch)}).request(to)
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
			new(link).word(&got, to, tt.header, &links{proxy: p})
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
	var p phrase
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
	shelf := along(t, quick(nil), realNetwork(), `{"url":"`+url+`","body":"`+body+`"}`, `{"url":"`+url+`","body":"`+body+`"}`)
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
			shelf := along(t, quick(nil), realNetwork(), `{"url":"`+url+`","body":"`+body+`"}`, `{"url":"`+url+`","body":"`+body+`"}`)
			if shelf.kinds() != "status status" || shelf.records[1].Status != 413 || time.Since(began) > 5*time.Second {
				t.Errorf("%s: %v", shelf.kinds(), shelf.records[0].Failure)
			}
		})
	}
}

// TestClosingIsHeeded: where either side says that the connection ends with this exchange, it does, though the other side leaves it open.
func TestClosingIsHeeded(t *testing.T) {
	for _, tt := range []struct {
		line, answer string
		connections  int
	}{
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 3},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 1},
		{`{"url":"%s","headers":{"Connection":"close"}}`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
	} {
		connections := 0
		url := talk(t, func(c *net.TCPConn) {
			connections++
			for in := bufio.NewReader(c); ; say(c, tt.answer) {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
			}
		})
		line := strings.ReplaceAll(tt.line, "%s", url)
		if shelf := along(t, quick(nil), realNetwork(), line, line, line); shelf.kinds() != "ok ok ok" || connections != tt.connections {
			t.Errorf("%s: %q: %s over %d connections", tt.line, tt.answer, shelf.kinds(), connections)
		}
	}
}

// TestHalfAnAnswerIsNotAskedForAgain: a connection used again that dies behind the first byte of an answer has carried the request.
func TestHalfAnAnswerIsNotAskedForAgain(t *testing.T) {
	asked := 0
	url := talk(t, func(c *net.TCPConn) {
		in := bufio.NewReader(c)
		for {
			if _, err := http.ReadRequest(in); err != nil {
				return
			}
			if asked++; asked == 2 {
				say(c, "HTTP/1")
				return
			}
			say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		}
	})
	if shelf := along(t, quick(nil), realNetwork(), url, url); shelf.kinds() != "ok truncated" || asked != 2 {
		t.Errorf("%s, asked %d times: %v", shelf.kinds(), asked, shelf.records[1].Failure)
	}
}
