package fetch

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"batchfetch/fetch/nettest"
)

// TestBeforeResponse: a response at the end is found, and what is none, or not at the end, is not taken for one.
func TestBeforeResponse(t *testing.T) {
	const unicorn = "HTTP/1.1 500 Internal Server Error\r\n\r\n" // 6.0.0
	for _, tt := range []struct{ body, response string }{
		{"", unicorn},
		{"10000\n10", unicorn},
		{"HTTP/1.1 x\r\n", unicorn},
		{"10", "HTTP/1.0 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno"},
		{unicorn + "10", ""},
		{unicorn[:len(unicorn)-1], ""},
		{"", ""},
		{"10000\n10001\n", ""},
		{"HTTP/1.1 200 OK\r\n\r\n", ""},
		{"GET / HTTP/1.1\r\nHost: a", ""},
		{"10HTTP/1.0 502 Bad Gateway\r\nContent-Length: 2\r\n\r\nno more", ""},
		{"10HTTP/1.0 502 Bad Gateway\r\nContent-Length: 3\r\n\r\nno", ""},
	} {
		if got := beforeResponse([]byte(tt.body + tt.response)); string(got) != tt.body {
			t.Errorf("%q before %q: %q", tt.body, tt.response, got)
		}
	}
	var all bytes.Buffer
	end := endBytes{out: &all}
	want := ""
	for _, n := range []int{1, endSize - 1, 3, 2 * endSize, 0} {
		text := numberedText(n)
		want += text
		if _, err := end.Write([]byte(text)); err != nil || len(end.text) != min(len(want), endSize) {
			t.Errorf("%d bytes are kept of %d, %v", len(end.text), len(want), err)
		}
	}
	if all.String()+string(end.text) != want {
		t.Errorf("%q and %q", all.String(), end.text)
	}
}

// TestResponseWithinABody: what Unicorn 6.0.0 and Puma 5.6.5 send where an application fails within a body is no part
// of that body, which goes on before it.
func TestResponseWithinABody(t *testing.T) {
	body := numberedText(20_000)
	url := nettest.Talk(t, func(c *net.TCPConn) {
		r, err := http.ReadRequest(bufio.NewReader(c))
		if err != nil {
			return
		}
		head := "ETag: \"v1\"\r\nConnection: close\r\nContent-Length: "
		if from, isRange := strings.CutPrefix(r.Header.Get("Range"), "bytes="); isRange {
			n, _ := strconv.Atoi(strings.TrimSuffix(from, "-"))
			nettest.Say(c, fmt.Sprintf("HTTP/1.1 206 Partial Content\r\nContent-Range: bytes %d-19999/20000\r\n%s%d\r\n\r\n", n,
				head, 20_000-n)+body[n:])
			return
		}
		nettest.Say(c, "HTTP/1.1 200 OK\r\n"+head+"20000\r\n\r\n"+body[:10_000]+
			"HTTP/1.1 500 Internal Server Error\r\n\r\n")
	})
	store := newMemoryStore()
	wantWholeBody(t, store, runWithStore(t, store, Request{URL: url}, withRetries(1)), body, 10_000)
}
