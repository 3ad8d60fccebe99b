package transport

import (
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestGuardBehindProxy: of what a public page redirects to, a proxy is asked for no host that is, or that may be read
// as, an address that is not public; and for any that the input names.
func TestGuardBehindProxy(t *testing.T) {
	c := testConfig()
	c.HTTPProxy, c.HTTPSProxy, c.Private = "http://proxy.invalid:1", "http://proxy.invalid:1", dial.PrivateRedirects
	rt := New(c)
	defer rt.Close()
	for host, blocked := range map[string]bool{
		"127.0.0.1": true, "127.1": true, "2130706433": true, "0x7f.1": true, "0177.0.0.1": true, "127.0.0.1.": true,
		"localhost": true, "a.LOCALHOST.": true, "[::1]": true, "[::1%25lo]": true, "[::ffff:127.0.0.1]": true,
		"[::ffff:127.0.0.1%25lo]": true, "[::127.0.0.1]": true, "[64:ff9b::7f00:1]": true, "[fe80::1%25eth0]": true,
		"169.254.169.254": true, "192.0.2.1": true, "[2001:db8::1]": true, "[2001:2::1]": true, "[5f00::1]": true,
		// numbers that are no address, though a resolver may take what is left of them for one
		"4294967296": true, "2130706433.": true, "6425673729": true, "256.1.1.1": true, "127.0.0.1.1": true,
		"1.2.3.4.5":   true,
		"0x17f000001": true, "0x1.0x2.0x3.0x4.0x5": true, "08": true, "0177.0.0.08": true, "127.0.0.1..": true, "a.1": true,
		"127.0.0.256": true, "127.16777216": true, "00000000000000000000000177.1": true, "a.0x": true,

		"8.8.8.8": false, "[2606:4700::1111]": false, "a.test": false, "1.test": false, "127.0.0.1.nip.test": false,
		"1e3": false, "a.0xg": false,
	} {
		for _, scheme := range []string{"http", "https"} {
			to := testTarget(t, "GET", scheme+"://"+host+"/", nil)
			if refusal := rt.RefusalBehindProxy(to); refusal != nil {
				t.Errorf("%s, named by the input: %v", to.URL, refusal)
			}
			to.PublicOnly = true
			refusal := rt.RefusalBehindProxy(to)
			if (refusal != nil) != blocked || refusal != nil && refusal.Kind != failure.BlockedAddress {
				t.Errorf("%s: %v", to.URL, refusal)
			}
			if !blocked {
				continue
			}
			ctx, call := startCall(t, to)
			if _, err := rt.RoundTrip(ctx, call); call.Explain(ctx, err, 0, 0).Kind != failure.BlockedAddress {
				t.Errorf("%s: %v", to.URL, err)
			}
		}
	}
}

// TestGuardHeaderHTTP1: a header over the bound is too_large wherever the bound cuts it: in the status line, in a name,
// at a colon, in a value, between CR and LF, in a folded line or in an interim response.
func TestGuardHeaderHTTP1(t *testing.T) {
	const read = dial.MaxHeaderBytes + headBuffer // bytes that are read of a header
	start := func(head string) func(int) string {
		return func(at int) string { return head + strings.Repeat("x", read-at-len(head)) }
	}
	lines := func(at int) string { // lines of 64 bytes, but for the first
		const first, line = "HTTP/1.1 200 OK\r\nX: ", "X-1234567: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz\r\n"
		rest := read - at - len(first) - len("\r\n")
		return first + strings.Repeat("y", rest%len(line)) + "\r\n" + strings.Repeat(line, rest/len(line))
	}
	for name, upTo := range map[string]func(at int) string{
		"a status line": start("HTTP/1.1 200 "), "a name": start("HTTP/1.1 200 OK\r\n"),
		"a value": start("HTTP/1.1 200 OK\r\nX: "), "a folded line": start("HTTP/1.1 200 OK\r\nX: 1\r\n "),
		"HTTP/1.0": start("HTTP/1.0 200 OK\r\nX: 1\r\nY"), "lines": lines,
		"an interim response": start("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nX"),
	} {
		for _, cut := range []string{"X", "X-Name", "X: value", "X:", "X: v\r", "X: v\r\n", " folded", "\r"} {
			server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
				nettest.Say(c, upTo(len(cut))+cut+"Y: 2\r\nContent-Length: 4\r\n\r\nbody")
				return false
			})
			ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
			resp, err := newTestTransport(t).RoundTrip(ctx, call)
			if err == nil {
				_ = resp.Body.Close()
				t.Errorf("%s, cut behind %q: accepted", name, cut)
				continue
			}
			if f := call.Explain(ctx, err, 0, 0); f.Kind != failure.TooLarge {
				t.Errorf("%s, cut behind %q: %s: %v", name, cut, f.Kind, f)
			}
		}
	}
}

// TestGuardHeaderHTTP2: a header over the bound is too_large however it is coded, and however it is cut into frames:
// where its first frame ends, and how many follow.
func TestGuardHeaderHTTP2(t *testing.T) {
	literal := func(name, value string) string {
		return "\x00" + hpackLength(len(name)) + name + hpackLength(len(value)) + value // RFC 7541 section 6.2.2
	}
	const status = "\x88"
	entry := "\x40" + hpackLength(1) + "x" + hpackLength(4000) + strings.Repeat("y", 4000)
	for name, block := range map[string]string{
		"a value of 300 KiB": status + literal("x", strings.Repeat("y", 300<<10)),
		"a value of 600 KiB": status + literal("x", strings.Repeat("y", 600<<10)),
		"a value of 2 MiB":   status + literal("x", strings.Repeat("y", 2<<20)),
		"a name of 600 KiB":  status + literal(strings.Repeat("y", 600<<10), "x"),
		"a value of 600 KiB behind others": status + strings.Repeat(literal("a", "b"), 4000) +
			literal("x", strings.Repeat("y", 600<<10)),
		"fields of 100 bytes, 1 MiB":       status + strings.Repeat(literal("name", strings.Repeat("y", 90)), 10<<10),
		"16,000 fields of a table's entry": status + entry + strings.Repeat("\xbe", 16_000),
		"fields of a table's entry and more": status + entry + strings.Repeat("\xbe", 200) +
			literal("x", strings.Repeat("y", 100<<10)),
		"200,000 fields that the table knows": status + strings.Repeat("\x93", 200_000),
	} {
		for _, frame := range []int{1000, 4000, 4096, 5000, 10_000, 16_383, 16 << 10} {
			got := headerKind(t, block, frame)
			if got != failure.TooLarge {
				t.Errorf("%s, the first frame of %d bytes: %q", name, frame, got)
			}
		}
	}
}

// hpackLength returns a length in HPACK (RFC 7541 section 5.1, a prefix of 7 bits).
func hpackLength(n int) string {
	if n < 0x7f {
		return string(rune(n))
	}
	out := []byte{0x7f}
	for n -= 0x7f; n >= 0x80; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return string(append(out, byte(n)))
}

// headerKind returns the kind of failure that a response over HTTP/2 with that header block comes to, whose first frame
// has so many bytes and the others 16 KiB.
func headerKind(t *testing.T, block string, first int) failure.Kind {
	t.Helper()
	url := nettest.Talk(t, func(c *net.TCPConn) {
		if _, err := io.ReadFull(c, make([]byte, len(http2.ClientPreface))); err != nil {
			return
		}
		f := http2.NewFramer(c, c)
		_ = f.WriteSettings()
		for {
			frame, err := f.ReadFrame()
			if err != nil {
				return
			}
			if _, is := frame.(*http2.HeadersFrame); is {
				break
			}
		}
		rest := block[first:]
		_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: []byte(block[:first])})
		for rest != "" {
			n := min(len(rest), 16<<10)
			if f.WriteContinuation(1, n == len(rest), []byte(rest[:n])) != nil {
				break
			}
			rest = rest[n:]
		}
		nettest.AwaitClose(c)
	})
	c := testConfig()
	c.HTTP = HTTP2
	rt := New(c)
	defer rt.Close()
	ctx, call := startCall(t, testTarget(t, "GET", url, nil))
	resp, err := rt.RoundTrip(ctx, call)
	if err != nil {
		return call.Explain(ctx, err, 0, 0).Kind
	}
	_ = resp.Body.Close()
	if f := call.CheckHead(resp); f != nil {
		return f.Kind
	}
	return ""
}

// TestGuardFraming: what chunks are framed with counts to the byte, on a connection that is reused too; other bodies
// have none.
func TestGuardFraming(t *testing.T) {
	const chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	for name, tt := range map[string]struct {
		head, body string
		want       string
	}{
		"a length":     {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n", "body", "body"},
		"one chunk":    {chunked, "4\r\nbody\r\n0\r\n\r\n", "body"},
		"small chunks": {chunked, strings.Repeat("1\r\nx\r\n", 3000) + "0\r\n\r\n", strings.Repeat("x", 3000)},
		"extensions":   {chunked, "4;name=value\r\nbody\r\n0;x\r\n\r\n", "body"},
		"a trailer":    {chunked, "4\r\nbody\r\n0\r\nX-Sum: 1\r\n\r\n", "body"},
		"large chunks": {chunked, strings.Repeat("4000\r\n"+strings.Repeat("x", 0x4000)+"\r\n", 9) + "0\r\n\r\n",
			strings.Repeat("x", 9*0x4000)},
		"an empty body": {chunked, "0\r\n\r\n", ""},
	} {
		server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
			nettest.Say(c, tt.head+tt.body)
			return true
		})
		rt := newTestTransport(t)
		for range 2 {
			ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
			resp, err := rt.RoundTrip(ctx, call)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(call.Body(resp))
			_ = resp.Body.Close()
			if err != nil || string(got) != tt.want || call.FramingBytes() != int64(len(tt.body)-len(tt.want)) {
				t.Errorf("%s: %d bytes, %d of framing, %v", name, len(got), call.FramingBytes(), err)
			}
		}
		if n := server.conns.Load(); n != 1 {
			t.Errorf("%s: %d connections", name, n)
		}
	}
}
