package transport

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport/h2"
)

// usualHeads are heads of responses as servers send them, and what frames a body behind them.
var usualHeads = map[string]string{
	"nginx": "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Fri, 02 Jan 2026 12:00:00 GMT\r\n" +
		"Content-Type: application/json\r\nContent-Length: 5\r\nLast-Modified: Thu, 01 Jan 2026 08:00:00 GMT\r\n" +
		"Connection: keep-alive\r\nETag: \"6956a1f0-346\"\r\nAccept-Ranges: bytes\r\n\r\nhello",
	"Apache httpd": "HTTP/1.1 200 OK\r\nDate: Fri, 02 Jan 2026 12:00:00 GMT\r\nServer: Apache/2.4.62 (Debian)\r\n" +
		"Upgrade: h2,h2c\r\nConnection: Upgrade, Keep-Alive\r\nContent-Length: 5\r\n" +
		"Keep-Alive: timeout=5, max=100\r\n\r\nhello",
	"IIS": "HTTP/1.1 200 OK\r\nCache-Control: private\r\nContent-Type: text/html; charset=utf-8\r\n" +
		"Server: Microsoft-IIS/10.0\r\nX-AspNet-Version: 4.0.30319\r\nX-Powered-By: ASP.NET\r\n" +
		"Date: Fri, 02 Jan 2026 12:00:00 GMT\r\nContent-Length: 5\r\n\r\nhello",
	"Node.js": "HTTP/1.1 200 OK\r\nX-Powered-By: Express\r\nContent-Type: application/json; charset=utf-8\r\n" +
		"Content-Length: 5\r\nETag: W/\"5-iPGSHhb2S9\"\r\nDate: Fri, 02 Jan 2026 12:00:00 GMT\r\n" +
		"Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n\r\nhello",
	"uvicorn": "HTTP/1.1 200 OK\r\ndate: Fri, 02 Jan 2026 12:00:00 GMT\r\nserver: uvicorn\r\ncontent-length: 5\r\n" +
		"content-type: application/json\r\nx-ratelimit-remaining: 59\r\n\r\nhello",
	"gunicorn": "HTTP/1.1 200 OK\r\nServer: gunicorn\r\nDate: Fri, 02 Jan 2026 12:00:00 GMT\r\nConnection: close\r\n" +
		"Content-Type: application/json\r\nContent-Length: 5\r\n\r\nhello",
	"Tomcat": "HTTP/1.1 200 \r\nContent-Type: application/json;charset=UTF-8\r\nTransfer-Encoding: chunked\r\n" +
		"Date: Fri, 02 Jan 2026 12:00:00 GMT\r\n\r\n3;x=y\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
	"envoy": "HTTP/1.1 429 Too Many Requests\r\nretry-after: 30\r\nx-request-id: 4f7c\r\nset-cookie: a=1; Path=/\r\n" +
		"set-cookie: b=2; Path=/\r\nvary: Accept-Encoding\r\nVary: Origin\r\ntransfer-encoding: chunked\r\n" +
		"server: envoy\r\n\r\n5\r\nhello\r\n0\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n",
	"Tomcat, chunked by the application": "HTTP/1.1 200 \r\ntransfer-encoding: chunked\r\n" +
		"Transfer-Encoding: chunked\r\n" +
		"Date: Fri, 02 Jan 2026 12:00:00 GMT\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
	"no content":   "HTTP/1.1 204 No Content\r\nDate: Fri, 02 Jan 2026 12:00:00 GMT\r\nServer: x\r\n\r\n",
	"not modified": "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n",
	"no phrase":    "HTTP/1.1 302\r\nLocation:/x\r\nContent-Length:0\r\n\r\n",
	"odd values": "HTTP/1.1 299 Fa\xe7on\tde parler\r\nA:\r\nB: \t \r\nC: \xff \t\xe9 \r\nd-E_f!x:: y\r\n" +
		"Content-Length: \t 005\t \r\nContent-lengths: 9\r\n\r\nhello",
}

// TestUsualHeads: what servers send is a usual head.
func TestUsualHeads(t *testing.T) {
	for name, text := range usualHeads {
		var u usualHead
		if !u.parse([]byte(text), "GET") {
			t.Errorf("%s: not usual", name)
		}
		compareHeads(t, text, "GET")
		compareHeads(t, text, "HEAD")
	}
}

// TestMutatedHeads compares usualHead with http.ReadResponse, where each byte of a head is left out, doubled or
// replaced, and each line is left out, doubled, or followed by one that frames the body.
func TestMutatedHeads(t *testing.T) {
	replacements := "\r\n\t \x00\x7f\x80:;,0Z-"
	more := []string{
		"Content-Length: 5\r\n", "Content-Length: 4\r\n", "Content-Length: +5\r\n", "Content-Length: 5, 5\r\n",
		"Content-Length:\r\n", "Content-Length: 99999999999999999999\r\n", "content-Length : 5\r\n",
		"Transfer-Encoding: chunked\r\n", "Transfer-Encoding: Chunked\r\n", "Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding:\r\n", "Connection: close\r\n", "Connection: Close\r\n", "Connection: keep-alive, close\r\n",
		"Connection: keep-alive\r\n", "Connection:\r\n", "Connection: upgrade\r\n",
		"Connection: Upgrade, CLOSE\r\n", "Connection: enclosed\r\n",
		"Trailer: X\r\n", "trailer: Date\r\n",
		"Pragma: no-cache\r\n", "pragma: x\r\n", " folded: x\r\n", "\tfolded\r\n", "no colon\r\n", ": no name\r\n",
		"X: 1\n", "X: 1\r\r\n", "\r\n", "Upgrade: h2c\r\n", "X: 1\r\nX: 2\r\nx: 3\r\n", "X Y: 1\r\n", "X-\xe9: 1\r\n",
		strings.Repeat("X: 1\r\n", maxUsualLines),
	}
	for _, text := range usualHeads {
		head, body, _ := strings.Cut(text, "\r\n\r\n")
		head += "\r\n\r\n"
		for i := range len(head) {
			compareHeads(t, head[:i]+head[i+1:]+body, "GET")
			compareHeads(t, head[:i]+head[i:i+1]+head[i:]+body, "GET")
			for _, c := range []byte(replacements) {
				compareHeads(t, head[:i]+string([]byte{c})+head[i+1:]+body, "GET")
			}
		}
		lines := strings.SplitAfter(head, "\r\n")
		for i := range lines {
			without := slices.Delete(slices.Clone(lines), i, i+1)
			compareHeads(t, strings.Join(without, "")+body, "GET")
			for _, line := range append(more, lines...) {
				with := slices.Insert(slices.Clone(lines), i, line)
				compareHeads(t, strings.Join(with, "")+body, "GET")
				compareHeads(t, strings.Join(with, "")+body, "HEAD")
			}
		}
	}
}

// FuzzUsualHead compares usualHead, and the bodies that go with it, with http.ReadResponse.
func FuzzUsualHead(f *testing.F) {
	for _, text := range usualHeads {
		f.Add(text, false)
		f.Add(text, true)
	}
	f.Fuzz(func(t *testing.T, text string, head bool) {
		if len(text) > headBuffer { // a longer head is never usual
			return
		}
		method := http.MethodGet
		if head {
			method = http.MethodHead
		}
		compareHeads(t, text, method)
	})
}

// compareHeads fails the test where text has a usual head and http.ReadResponse makes something else of it, of its
// body, or of where that ends.
func compareHeads(t *testing.T, text, method string) {
	t.Helper()
	var u usualHead
	if !u.parse([]byte(text), method) {
		return
	}
	ours, restOurs := readUsual(t, text, method)
	in := bufio.NewReaderSize(strings.NewReader(text), headBuffer)
	theirs, err := http.ReadResponse(in, &http.Request{Method: method})
	if head := normalHead([]byte(text)); err != nil && head != nil {
		in.Reset(bytes.NewReader(head))
		theirs, err = http.ReadResponse(in, &http.Request{Method: method})
	}
	if err != nil {
		t.Fatalf("a usual head that can't be read: %v: %q", err, text)
	}
	bodyOurs, errOurs := io.ReadAll(ours.Body)
	bodyTheirs, errTheirs := io.ReadAll(theirs.Body)
	if string(bodyOurs) != string(bodyTheirs) || (errOurs == nil) != (errTheirs == nil) {
		t.Fatalf("the body is %q, %v, not %q, %v: %q", bodyOurs, errOurs, bodyTheirs, errTheirs, text)
	}
	rest, _ := io.ReadAll(in) // of a string
	if errOurs == nil && restOurs() != string(rest) {
		t.Fatalf("not all of the body has been read, or more, but for %q: %q", rest, text)
	}
	if err := new(Call).CheckHead(theirs); err != nil {
		t.Fatalf("a usual head that can't be accepted: %v: %q", err, text)
	}
	if (ours.Body == http.NoBody) != (theirs.Body == http.NoBody) || ours.Request.Method != method {
		t.Fatalf("whether there is a body, or the method: %q", text)
	}
	a, b := *ours, *theirs
	a.Body, a.Request, b.Body, b.Request, b.Trailer = nil, nil, nil, nil, nil // of a trailer nothing is kept
	if !reflect.DeepEqual(a, b) {
		t.Fatalf("got  %+v\nwant %+v\n%q", a, b, text)
	}
}

// readUsual reads the header of a response that has a usual one, and returns it with what tells the bytes that are
// left.
func readUsual(t *testing.T, text, method string) (resp *http.Response, rest func() string) {
	t.Helper()
	in := &headReader{Reader: bufio.NewReaderSize(strings.NewReader(text), headBuffer)}
	h := &h1Conn{in: in}
	c := &Call{Target: &Target{Method: method}}
	before := c.headers.Begin(maxUsualLines) // the memory of another header is used again
	for range 2 {
		before.Add("Server", "a")
		before.Add("X-Before", "b")
	}
	if _, err := in.Peek(1); err != nil || !h.readUsualHead(c) {
		t.Fatalf("not read as a usual head: %v: %q", err, text)
	}
	return &c.response, func() string {
		left, _ := io.ReadAll(in) // of a string
		return string(left)
	}
}

// TestUsualBodyEnds: the end of a body comes as it does from net/http, in pieces too, and stays the end; a body that is
// cut off, or a trailer without end, is an error.
func TestUsualBodyEnds(t *testing.T) {
	const chunked = "5\r\nhello\r\n0\r\n"
	for _, tt := range []struct {
		name, text string
		isChunked  bool
		want       string
		err        error // any stands for any other
	}{
		{"length", "hello, more", false, "hello", nil},
		{"length, cut off", "hell", false, "hell", io.ErrUnexpectedEOF},
		{"chunked", chunked + "\r\nmore", true, "hello", nil},
		{"with a trailer", chunked + "A: b\r\nC: d\r\n\r\nmore", true, "hello", nil},
		{"cut off in a chunk", chunked[:5], true, "he", io.ErrUnexpectedEOF},
		{"cut off before the trailer", chunked, true, "hello", io.ErrUnexpectedEOF},
		{"cut off in the trailer", chunked + "A: b\r\n", true, "hello", io.ErrUnexpectedEOF},
		{"a trailer that is none", chunked + "A\r\n\r\n", true, "hello", errAny},
		{"a long trailer", chunked + strings.Repeat("A: b\r\n", headBuffer) + "\r\n", true, "hello", errAny},
	} {
		for _, pieces := range []bool{false, true} {
			var from io.Reader = strings.NewReader(tt.text)
			if pieces {
				from = iotest.OneByteReader(from)
			}
			in := bufio.NewReaderSize(from, headBuffer)
			var body io.Reader = &lengthBody{in, 5}
			if tt.isChunked {
				body = newChunkedBody(in)
			}
			got, err := io.ReadAll(body)
			isExpected := err == tt.err || tt.err == errAny && err != nil
			if string(got) != tt.want || !isExpected {
				t.Errorf("%s, in pieces %v: got %q, %v", tt.name, pieces, got, err)
			}
			if n, again := body.Read(make([]byte, 9)); n != 0 || err == nil && again != io.EOF || again == nil {
				t.Errorf("%s, in pieces %v: read after the end: %d, %v", tt.name, pieces, n, again)
			}
			if tt.err == nil {
				if rest, _ := io.ReadAll(in); !strings.HasSuffix(string(rest), "more") || len(rest) > len(", more") {
					t.Errorf("%s, in pieces %v: %q is left", tt.name, pieces, rest)
				}
			}
		}
	}
}

var errAny = errors.New("any other error")

// TestUsualAndOtherHeadsTakeTurns: on one connection each response is read in the way it needs, also one whose head
// comes in pieces, is longer than the buffer, or follows an interim one.
func TestUsualAndOtherHeadsTakeTurns(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
	type response struct {
		pieces []string
		usual  bool
	}
	responses := []response{
		{[]string{ok + "\r\nhello"}, true},
		{[]string{ok + "A: b\r\n c\r\n\r\nhello"}, false},
		{[]string{ok + "\r\n", "hello"}, true},
		{[]string{"HTTP/1.1 103 Early Hints\r\n\r\n" + ok + "\r\nhello"}, false},
		{[]string{ok + "A: " + strings.Repeat("b", 2*headBuffer) + "\r\n\r\nhello"}, false},
		{[]string{ok + "Content-Length: 5\r\n\r\nhello"}, false},
	}
	next := make(chan struct{})
	url := nettest.Talk(t, func(c *net.TCPConn) {
		for _, r := range responses {
			nettest.ReadRequest(c)
			for i, piece := range r.pieces {
				if i > 0 {
					<-next
				}
				nettest.Say(c, piece)
			}
		}
	})
	transport := newTestTransport(t)
	for i, r := range responses {
		ctx, call := startCall(t, testTarget(t, "GET", url, nil))
		resp, err := transport.RoundTrip(ctx, call)
		if err != nil {
			t.Fatal(i, err)
		}
		for range len(r.pieces) - 1 {
			next <- struct{}{}
		}
		body, err := io.ReadAll(call.Body(resp))
		if string(body) != "hello" || err != nil || call.usualHead != r.usual || call.IsReused() != (i > 0) {
			t.Errorf("response %d: got %q, %v; usual %v, reused %v", i, body, err, call.usualHead, call.IsReused())
		}
		_ = resp.Body.Close()
	}
}

// BenchmarkHead parses a head as usualHead and http.ReadResponse do.
func BenchmarkHead(b *testing.B) {
	text, _, _ := strings.Cut(usualHeads["nginx"], "hello")
	b.Run("usual", func(b *testing.B) {
		b.ReportAllocs()
		var resp http.Response
		u, start, space := new(usualHead), []byte(text), new(h2.HeaderSpace)
		for b.Loop() {
			if !u.parse(start, "GET") {
				b.Fatal("not usual")
			}
			u.response(&resp, "GET", space)
		}
	})
	b.Run("net/http", func(b *testing.B) {
		b.ReportAllocs()
		from := strings.NewReader("")
		in := bufio.NewReader(from)
		for b.Loop() {
			from.Reset(text)
			in.Reset(from)
			if _, err := http.ReadResponse(in, getRequest); err != nil {
				b.Fatal(err)
			}
		}
	})
}
