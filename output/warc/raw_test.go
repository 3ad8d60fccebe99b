package warc_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"batchfetch/fetch"
)

// rawServer answers each connection with the same bytes, once it has read the head of a request.
func rawServer(t *testing.T, response string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = listener.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			for line := "-"; strings.TrimSpace(line) != ""; line, err = in.ReadString('\n') {
				if err != nil {
					break
				}
			}
			_, _ = io.WriteString(conn, response)
			_ = conn.Close()
		}
	}()
	return "http://" + listener.Addr().String()
}

// The head of a response is archived as it came, be it usual or not, and no byte of it becomes a field of WARC.
func TestHeadsAreKeptAsTheyCame(t *testing.T) {
	for _, c := range []struct{ name, sent, block string }{
		{name: "usual", sent: "HTTP/1.1 200 Fine\r\nx-loWer:  1 \r\nCONTENT-length: 4\r\n\r\nbody"},
		{name: "HTTP/1.0", sent: "HTTP/1.0 200 OK\nServer: old\n\nbody"},
		{name: "two lengths", sent: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nbody"},
		{name: "folded", sent: "HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 4\r\n\r\nbody"},
		{name: "Latin-1", sent: "HTTP/1.1 200 OK\r\nX: \xe9\xff\r\nContent-Length: 4\r\n\r\nbody"},
		{name: "after an interim response",
			sent:  "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody",
			block: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nbody"},
		{name: "invalid", sent: "HTTP/1.1 200 OK\r\nTransfer-Encoding : x\r\n\r\nbody", block: "-"},
		{name: "chunked in small letters",
			sent:  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
			block: "HTTP/1.1 200 OK\r\nX-Archive-Orig-transfer-encoding: chunked\r\n\r\nbody"},
		{name: "location with breaks",
			sent: "HTTP/1.1 302 F\r\nLocation: /a%0d%0aWARC-Type:%20x\r\nContent-Length: 0\r\n\r\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			at := rawServer(t, c.sent)
			records := archive(t, at+"/", func(o *fetch.Options) { o.Retries = 0 })
			want := c.block
			if want == "" {
				want = c.sent
			}
			responses := only(records, "response", at, "/")
			if want == "-" {
				if len(responses) > 0 {
					t.Errorf("%q", responses)
				}
				return
			}
			if len(responses) != 1 || responses[0].block != want {
				t.Errorf("got %q, want %q", responses, want)
			}
			checkLinks(t, records)
		})
	}
}

// What no response comes to is a request record alone, and a metadata record that says why.
func TestNoResponse(t *testing.T) {
	at := rawServer(t, "")
	records := archive(t, at+"/", func(o *fetch.Options) { o.Retries = 0 })
	requests, metadata := only(records, "request", at, "/"), only(records, "metadata", at, "/")
	if len(records) != 3 || len(requests) != 1 || len(metadata) != 1 ||
		metadata[0].fields["WARC-Concurrent-To"] != requests[0].fields["WARC-Record-ID"] {
		t.Errorf("%q", records)
	}
}

// A URL is printable ASCII in a field, whatever the input has.
func TestTargetsArePrintable(t *testing.T) {
	at := rawServer(t, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
	line := fmt.Sprintf(`{"url":"%s/é\u2028 %%0d%%0aWARC-Type: x?a\u00a0b#part"}`, at)
	for _, r := range archive(t, line, func(*fetch.Options) {}) {
		for _, c := range []byte(r.fields["WARC-Target-URI"]) {
			if c <= ' ' || c > '~' || c == '#' {
				t.Errorf("%q", r.fields)
			}
		}
	}
}
