package fetch

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/nettest"
)

func TestAnswersThatAreNotWhole(t *testing.T) {
	for _, tt := range []struct {
		name string
		says func(*net.TCPConn)
		want failure.Kind
		text string
	}{
		{"closed before an answer", func(c *net.TCPConn) { nettest.ReadRequest(c) }, failure.Truncated, "no answer had arrived"},
		{"closed in the status line", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, "HTTP/1.1 20") }, failure.Truncated, "no answer had arrived"},
		{"closed in the header", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Le") }, failure.Truncated, "no answer had arrived"},
		{"closed in the body", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
		}, failure.Truncated, "200 OK and 4 bytes of its body had arrived"},
		{"closed in a chunk", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\nhalf")
		}, failure.Truncated, "200 OK and 4 bytes"},
		{"closed between chunks", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
		}, failure.Truncated, "200 OK and 4 bytes"},
		{"reset before an answer", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.ResetOnClose(c) }, failure.Reset, "no answer had arrived"},
		{"no HTTP", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, "220 smtp.test ESMTP\r\n") }, failure.Protocol, "not a valid HTTP answer"},
		{"a broken chunk", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
			nettest.AwaitClose(c)
		}, failure.Protocol, "not a valid HTTP answer"},
		{"a header without an end", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 1<<20))
		}, failure.TooLarge, "header is over 256 KiB"},
		{"headers without an end", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\n"+strings.Repeat("X-A: "+strings.Repeat("x", 1000)+"\r\n", 1000))
		}, failure.TooLarge, "header is over 256 KiB"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := one(t, nettest.Talk(t, tt.says), quick(nil))
			if kindOf(r) != tt.want {
				t.Fatalf("got %s: %v", kindOf(r), r.Failure)
			}
			if !strings.Contains(r.Failure.Error(), tt.text) {
				t.Errorf("says %q, want %q in it", r.Failure, tt.text)
			}
			if r.HasBody || r.RemoteAddr == "" {
				t.Errorf("has a body: %t; came from %q", r.HasBody, r.RemoteAddr)
			}
		})
	}
}

// TestBodyUntilTheEnd: without a length the connection's end is the body's.
func TestBodyUntilTheEnd(t *testing.T) {
	r, body := one(t, nettest.Talk(t, func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, "HTTP/1.0 200 OK\r\n\r\nwhole") }), quick(nil))
	if r.Failure != nil || body != "whole" || r.Protocol != "HTTP/1.0" {
		t.Errorf("got %q in %s, %v", body, r.Protocol, r.Failure)
	}
}

func TestStalled(t *testing.T) {
	for _, tt := range []struct {
		name string
		says func(*net.TCPConn)
		text string
	}{
		{"no answer", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.AwaitClose(c) }, "connected, no answer had arrived"},
		{"half a header", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nX")
			nettest.AwaitClose(c)
		}, "connected, no answer had arrived"},
		{"half a body", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
			nettest.AwaitClose(c)
		}, "200 OK and 4 bytes of its body had arrived"},
		{"a trickle", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n")
			for {
				if _, err := c.Write([]byte("x")); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}, "200 OK and "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := one(t, nettest.Talk(t, tt.says), quick(func(o *Options) { o.StallTimeout = 200 * time.Millisecond }))
			if kindOf(r) != failure.Stalled {
				t.Fatalf("got %s: %v", kindOf(r), r.Failure)
			}
			if says := r.Failure.Error(); !strings.HasPrefix(says, "stall-timeout 200ms met; ") || !strings.Contains(says, tt.text) {
				t.Errorf("says %q", says)
			}
			if r.Elapsed < 200*time.Millisecond {
				t.Errorf("after %s only", r.Elapsed)
			}
		})
	}
}

// TestSlowIsNotStalled: 8 KiB in every limit is slow, and fine.
func TestSlowIsNotStalled(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for range 20 {
			_, _ = io.WriteString(w, strings.Repeat("x", 8<<10))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(25 * time.Millisecond)
		}
	})
	r, _ := one(t, url, quick(func(o *Options) { o.StallTimeout = 400 * time.Millisecond }))
	if r.Failure != nil || r.Bytes != 20*8<<10 {
		t.Errorf("%d bytes, %v", r.Bytes, r.Failure)
	}
}

// TestSlowUploadIsNotStalled: a server that reads without a pause, if slowly, is waited for. What the kernel
// takes at once must not hide that it reads: at this pace no more than 800 KB move within a limit.
func TestSlowUploadIsNotStalled(t *testing.T) {
	t.Parallel()
	const limit, size = time.Second, 16 << 20
	url := nettest.Talk(t, func(c *net.TCPConn) {
		began := time.Now()
		due := func() int { return int(time.Since(began).Seconds() * 800e3) }
		taken := 0
		paced := readerFunc(func(p []byte) (int, error) {
			for ; time.Since(began) < 2*limit+limit/2; time.Sleep(10 * time.Millisecond) { // after that enough has been seen
				if due() > taken {
					p = p[:min(len(p), due()-taken)]
					break
				}
			}
			n, err := c.Read(p)
			taken += n
			return n, err
		})
		r, err := http.ReadRequest(bufio.NewReaderSize(paced, 64<<10))
		if err != nil {
			return
		}
		n, _ := io.Copy(io.Discard, r.Body)
		nettest.Say(c, fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n%d", n))
	})
	r, body := one(t, url, quick(func(o *Options) { o.StallTimeout, o.Body = limit, make([]byte, size) }))
	if r.Failure != nil || body != fmt.Sprint(size) {
		t.Errorf("the server has read %s bytes, %v", body, r.Failure)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A tardy Keeper takes its time for what it is given.
type tardy struct{ short }

func (tardy) Create(*Request) (BodyWriter, error) { return tardyKeeping{}, nil }

type tardyKeeping struct{ nowhere }

func (tardyKeeping) Write(p []byte) (int, error) {
	time.Sleep(300 * time.Millisecond)
	return len(p), nil
}

// TestOurOwnSlownessIsNoStall: while what has come is at work on, decoded or written to a disk, nobody listens for more.
func TestOurOwnSlownessIsNoStall(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 200<<10)) })
	r, _ := one(t, url, quick(func(o *Options) { o.StallTimeout, o.BodyStore = 100*time.Millisecond, &tardy{} }))
	if r.Failure != nil || r.Bytes != 200<<10 {
		t.Errorf("%d bytes, %v", r.Bytes, r.Failure)
	}
}

func TestTimeoutSaysWhatHadArrived(t *testing.T) {
	url := nettest.Talk(t, func(c *net.TCPConn) {
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
		nettest.AwaitClose(c)
	})
	r, _ := one(t, url, quick(func(o *Options) { o.Timeout = 200 * time.Millisecond }))
	if kindOf(r) != failure.Timeout || r.Failure.Error() != "timeout 200ms met; 200 OK and 4 bytes of its body had arrived" {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

func TestRefusedConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	_ = listener.Close()
	r, _ := one(t, "http://"+addr, quick(nil))
	if kindOf(r) != failure.Connect || !strings.Contains(r.Failure.Error(), addr) || r.RemoteAddr != "" || r.Attempts != 1 {
		t.Errorf("got %s: %v from %q", kindOf(r), r.Failure, r.RemoteAddr)
	}
}

func TestUnknownName(t *testing.T) {
	r, _ := one(t, "http://nobody.invalid/", quick(nil))
	if kindOf(r) != failure.DNS || !strings.Contains(r.Failure.Error(), "nobody.invalid") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}

func TestChecksum(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = io.WriteString(w, coded(t, text, "gzip"))
	})
	sum := fmt.Sprintf("%X", sha256.Sum256([]byte(text))) // of the decoded body; capitals are as good
	if r, body := one(t, fmt.Sprintf(`{"url":%q,"sha256":%q}`, url, sum), quick(nil)); r.Failure != nil || body != text {
		t.Errorf("got %v", r.Failure)
	}
	wrong := strings.Repeat("0", 64)
	r, body := one(t, fmt.Sprintf(`{"url":%q,"sha256":%q}`, url, wrong), quick(nil))
	if kindOf(r) != failure.Checksum || body != "" || r.HasBody || r.Status != 200 {
		t.Errorf("got %s with %d bytes: %v", kindOf(r), len(body), r.Failure)
	}
	if says := r.Failure.Error(); !strings.Contains(says, strings.ToLower(sum)) || !strings.Contains(says, wrong) {
		t.Errorf("says %q", says)
	}
}

// TestAnswersWithoutABody: where there can be none, the member is absent; where there is none, it is empty.
func TestAnswersWithoutABody(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip") // means nothing here
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
		url + "/200": true, url + "/204": false, url + "/304": false, fmt.Sprintf(`{"url":"%s/head","method":"HEAD"}`, url): false,
	} {
		r, body := one(t, line, quick(func(o *Options) { o.AcceptStatus = judge.Statuses{{200, 399}} }))
		if r.Failure != nil || r.HasBody != has || body != "" || r.Hashed != has || r.Bytes != 0 {
			t.Errorf("%s: has a body: %t, hashed: %t, %d bytes, %v", line, r.HasBody, r.Hashed, r.Bytes, r.Failure)
		}
	}
}
