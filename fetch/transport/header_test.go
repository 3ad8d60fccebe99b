package transport

import (
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestHeaderBounds: a header at a bound is accepted, one over it is not.
func TestHeaderBounds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		header http.Header
		want   string
	}{
		{"none", nil, ""},
		{"as long as may be", http.Header{"X": {strings.Repeat("x", dial.MaxHeaderBytes-len("X: \r\n"))}}, ""},
		{"a byte more", http.Header{"X": {strings.Repeat("x", dial.MaxHeaderBytes-len("X: \r\n")+1)}},
			"the header is over 256 KiB"},
		{"as many as may be", http.Header{"X": slices.Repeat([]string{""}, maxHeaderLines)}, ""},
		{"one more", http.Header{"X": slices.Repeat([]string{""}, maxHeaderLines), "Y": {""}},
			"the header has 5001 lines, over 5000"},
	} {
		got := ""
		if f := checkHeader(tt.header); f != nil {
			if got = f.Error(); f.Kind != failure.TooLarge {
				t.Errorf("%s: %s", tt.name, f.Kind)
			}
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestCheckHead: heads that net/http accepts over HTTP/1 and that are invalid.
func TestCheckHead(t *testing.T) {
	const badStatus = "a status that is not 100 to 999"
	for head, wrong := range map[string]string{
		"HTTP/1.1 200 OK\r\nX: 1\r\n":                         "",
		"HTTP/1.1 999 OK\r\n":                                 "",
		"HTTP/1.0 200 OK\r\nX-Transfer-Encoding: chunked\r\n": "",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n":   "",
		"HTTP/1.1 000 OK\r\n":                                 badStatus,
		"HTTP/1.1 +20 OK\r\n":                                 badStatus,
		"HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n":   "Transfer-Encoding, which HTTP/1.0 does not have",
		"HTTP/1.1 200 OK\r\nX : 1\r\n":                        "",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding : x\r\n":        "a space between a header's name and its colon",
	} {
		want := ""
		if wrong != "" {
			want = "not a valid HTTP answer: " + wrong
		}
		server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
			nettest.Say(c, head+"\r\n0\r\n\r\n") // the body: chunks, or up to the end of the connection
			return false
		})
		ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
		resp, err := newTestTransport(t).RoundTrip(ctx, call)
		if err != nil {
			t.Errorf("%q: %v", head, err)
			continue
		}
		_ = resp.Body.Close()
		checkFailure(t, head, call.CheckHead(resp), want)
	}
}

// TestCheckHeadHTTP2: heads that net/http accepts over HTTP/2 and that are invalid.
func TestCheckHeadHTTP2(t *testing.T) {
	for _, tt := range []struct {
		name   string
		status int
		header http.Header
		want   string
	}{
		{"valid", 200, http.Header{"Content-Length": {"5", "5"}}, ""},
		{"a long status", 2000, nil, "not a valid HTTP answer: a status that is not 100 to 999"},
		{"a header of HTTP/1", 200, http.Header{"Connection": {"close"}},
			"not a valid HTTP/2 answer: it has the header Connection"},
		{"no number", 200, http.Header{"Content-Length": {"+5"}},
			"not a valid HTTP/2 answer: its Content-Length is no number, or there are several that differ"},
		{"two lengths", 200, http.Header{"Content-Length": {"5", "6"}},
			"not a valid HTTP/2 answer: its Content-Length is no number, or there are several that differ"},
	} {
		resp := &http.Response{StatusCode: tt.status, ProtoMajor: 2, Header: tt.header}
		checkFailure(t, tt.name, new(Call).CheckHead(resp), tt.want)
	}
}

// checkFailure reports an error where f is not a Protocol failure with the given text; "" is no failure.
func checkFailure(t *testing.T, name string, f *failure.Failure, want string) {
	t.Helper()
	switch {
	case f == nil && want != "":
		t.Errorf("%q: no failure, want %q", name, want)
	case f != nil && (f.Kind != failure.Protocol || f.Error() != want):
		t.Errorf("%q: got %s: %v, want %q", name, f.Kind, f, want)
	}
}
