package fetch

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/nettest"
)

// TestDecompressionBomb checks that a body that decodes to more than MaxBody fails as too_large, and that the memory
// used stays bounded.
func TestDecompressionBomb(t *testing.T) {
	const size, most = 32 << 20, 1 << 20
	for _, coding := range []string{"gzip", "br", "zstd"} {
		t.Run(coding, func(t *testing.T) {
			bomb := codingtest.Encode(t, strings.Repeat("\x00", size), coding)
			url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Encoding", coding)
				_, _ = io.WriteString(w, bomb)
			})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			r, _ := runOne(t, url, noRetryOptions(func(o *Options) { o.MaxBody = most }))
			runtime.ReadMemStats(&after)
			if kindOf(r) != failure.TooLarge {
				t.Fatalf("got %s: %v", kindOf(r), r.Failure)
			}
			if took := after.TotalAlloc - before.TotalAlloc; took > 24<<20 {
				t.Errorf("allocated %d MiB for a body of 1 MiB at the most", took>>20)
			}
		})
	}
}

func TestMaxBodyIsTheLargestAllowed(t *testing.T) {
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, sampleText) })
	for most, want := range map[int64]failure.Kind{int64(len(sampleText)): "",
		int64(len(sampleText)) - 1: failure.TooLarge, 1: failure.TooLarge} {
		if r, _ := runOne(t, url, noRetryOptions(func(o *Options) { o.MaxBody = most })); kindOf(r) != want {
			t.Errorf("--max-body %d: %s: %v", most, kindOf(r), r.Failure)
		}
	}
}

// TestUnwantedBodyIsNotRead checks that an endless body of an error response is not read to its end.
func TestUnwantedBodyIsNotRead(t *testing.T) {
	sent := make(chan int64, 1)
	url := nettest.Talk(t, func(c *net.TCPConn) {
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.1 404 Not Found\r\n\r\n")
		n, _ := io.Copy(c, &longBody{left: 1 << 40})
		sent <- n
	})
	r, _ := runOne(t, url, noRetryOptions(nil))
	if kindOf(r) != failure.BadStatus {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
	if n := <-sent; n > 64<<20 {
		t.Errorf("took %d bytes of it", n)
	}
}

// TestBodyUntilTheEnd checks that a body without a length ends with the connection.
func TestBodyUntilTheEnd(t *testing.T) {
	r, body := runOne(t, nettest.Talk(t, func(c *net.TCPConn) {
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.0 200 OK\r\n\r\nwhole")
	}), noRetryOptions(nil))
	if r.Failure != nil || body != "whole" || r.Protocol != "HTTP/1.0" {
		t.Errorf("got %q in %s, %v", body, r.Protocol, r.Failure)
	}
}

// TestChecksum checks that the hash of a Request is compared with that of the decoded body.
func TestChecksum(t *testing.T) {
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, codingtest.Encode(t, sampleText, "gzip"))
	})
	sum := fmt.Sprintf("%X", sha256.Sum256([]byte(sampleText))) // of the decoded body; upper case is accepted
	if r, body := runOne(t, fmt.Sprintf(`{"url":%q,"sha256":%q}`, url, sum), noRetryOptions(nil)); r.Failure != nil ||
		body != sampleText {
		t.Errorf("got %v", r.Failure)
	}
	wrong := strings.Repeat("0", 64)
	r, body := runOne(t, fmt.Sprintf(`{"url":%q,"sha256":%q}`, url, wrong), noRetryOptions(nil))
	if kindOf(r) != failure.Checksum || body != "" || r.HasBody || r.Status != 200 {
		t.Errorf("got %s with %d bytes: %v", kindOf(r), len(body), r.Failure)
	}
	if says := r.Failure.Error(); !strings.Contains(says, strings.ToLower(sum)) || !strings.Contains(says, wrong) {
		t.Errorf("says %q", says)
	}
}

// TestResponsesWithoutABody checks HasBody: false where a response can have no body, true where its body is empty.
func TestResponsesWithoutABody(t *testing.T) {
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip") // ignored: there is no body
		switch r.URL.Path {
		case "/204":
			w.WriteHeader(204)
		case "/304":
			w.WriteHeader(304)
		case "/head":
			w.Header().Set("Content-Length", "12345")
		}
	})
	for line, has := range map[string]bool{
		url + "/200": true, url + "/204": false, url + "/304": false,
		fmt.Sprintf(`{"url":"%s/head","method":"HEAD"}`, url): false,
	} {
		r, body := runOne(t, line, noRetryOptions(func(o *Options) { o.AcceptStatus = judge.Statuses{{200, 399}} }))
		if r.Failure != nil || r.HasBody != has || body != "" || r.Hashed != has || r.Bytes != 0 {
			t.Errorf("%s: has a body: %t, hashed: %t, %d bytes, %v", line, r.HasBody, r.Hashed, r.Bytes, r.Failure)
		}
	}
}

// TestWireBytesOfChunks: the framing of chunks counts as received over the wire, with every way to keep a body, and as
// no byte of the body.
func TestWireBytesOfChunks(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	const whole = "3;x=1\r\nbod\r\n1\r\ny\r\n0\r\nX: 1\r\n\r\n"
	says := func(text string) string {
		return nettest.Talk(t, func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, head+text)
		})
	}
	for name, set := range map[string]func(*Options){
		"inline": nil, "dropped": func(o *Options) { o.DropBody = true },
		"stored": func(o *Options) { o.BodyStore = newMemoryStore() },
	} {
		r, _ := runOne(t, says(whole), noRetryOptions(set))
		if r.Failure != nil || r.Bytes != 4 || r.WireBytes != int64(len(whole)) {
			t.Errorf("%s: %d bytes, %d over the wire of %d, %v", name, r.Bytes, r.WireBytes, len(whole), r.Failure)
		}
	}
	r, _ := runOne(t, says(whole[:12]), noRetryOptions(nil))
	if text := failureText(r); r.WireBytes != 12 || !strings.Contains(text, "200 OK and 3 bytes of its body") {
		t.Errorf("%d over the wire of 12, %s", r.WireBytes, text)
	}
}
