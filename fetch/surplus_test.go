package fetch

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
)

// surplus answers each request with what comes, and in the same breath with what nobody asked for.
func surplus(t testing.TB, answer, more string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var handlers sync.WaitGroup
	handlers.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			handlers.Go(func() {
				defer func() { _ = c.Close() }()
				for in := bufio.NewReader(c); ; {
					r, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, r.Body)
					say(c, strings.ReplaceAll(answer, "$PATH", r.URL.Path)+more)
				}
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); handlers.Wait() })
	return "http://" + listener.Addr().String()
}

// TestSurplusIsNobodysAnswer: bytes behind an answer are never taken for the next one's, nor do they spoil it, whether all of an answer
// stands there or only the start of one.
func TestSurplusIsNobodysAnswer(t *testing.T) {
	log.SetOutput(io.Discard) // net/http tells of surplus bytes there
	defer log.SetOutput(os.Stderr)
	const poison = "HTTP/1.1 200 OK\r\nX-Poison: 1\r\nContent-Length: 6\r\n\r\npoison"
	for _, tt := range []struct{ name, method, answer, body, more string }{
		{"a whole answer behind a body", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "ok", poison},
		{"a whole answer behind chunks", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok", poison},
		{"a whole answer behind an empty one", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", poison},
		{"a whole answer behind that to HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", poison},
		{"the body of HEAD", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", "", "body here"},
		{"the start of an answer behind an empty one", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", poison[:40]},
		{"the body of 204", "GET", "HTTP/1.1 204 No Content\r\n\r\n", "", "body here"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := surplus(t, tt.answer, tt.more)
			lines := make([]string, 1500)
			for i := range lines {
				lines[i] = fmt.Sprintf(`{"url":"%s/%d","method":%q}`, url, i, tt.method)
			}
			var shelf shelf
			s, err := Run(t.Context(), sourceOf(lines...), &shelf, quick(func(o *Options) { o.KeepHeader, o.HostConcurrency = true, 8 }))
			if err != nil {
				t.Fatal(err)
			}
			wrong := 0
			for i, r := range shelf.records {
				if r.Failure != nil || shelf.bodies[i] != tt.body || r.Header.Get("X-Poison") != "" {
					if wrong++; wrong <= 3 {
						t.Errorf("%s: body %q, header %v, %v", r.Request.URL, shelf.bodies[i], r.Header, r.Failure)
					}
				}
			}
			if wrong > 0 || s.Exchanges < int64(len(lines)) {
				t.Errorf("%d of %d answers are wrong: %+v", wrong, len(lines), s)
			}
		})
	}
}
