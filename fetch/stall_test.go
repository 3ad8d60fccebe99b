package fetch

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestStallBehindProxy checks that the stall timeout applies to bytes over a proxy too.
func TestStallBehindProxy(t *testing.T) {
	hangs := func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	secure, o := startTLSServer(t, false, hangs)
	proxy := &proxyServer{plain: strings.TrimPrefix(startServer(t, hangs), "http://"),
		secure: strings.TrimPrefix(secure, "https://")}
	for _, scheme := range []string{"http", "https", "socks5h"} {
		o.HTTPProxy, o.StallTimeout = scheme+"://"+proxy.start(t, scheme), 200*time.Millisecond
		o.HTTPSProxy = o.HTTPProxy
		got := runIn(t, o, testNetwork(t, nil), "http://a.test/", "https://example.com/").kinds()
		if got != "stalled stalled" {
			t.Errorf("%s: %s", scheme, got)
		}
	}
}

// TestStalled checks that a response whose bytes arrive too slowly or not at all is of kind stalled, and what its
// message says.
func TestStalled(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		says func(*net.TCPConn)
		text string
	}{
		{"no answer", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.AwaitClose(c) },
			"connected, no answer had arrived"},
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
				time.Sleep(50 * time.Millisecond)
			}
		}, "200 OK and "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r, _ := runOne(t, nettest.Talk(t, tt.says), noRetryOptions(func(o *Options) {
				o.StallTimeout = ampleLimit
			}))
			if kindOf(r) != failure.Stalled {
				t.Fatalf("got %s: %v", kindOf(r), r.Failure)
			}
			if says := r.Failure.Error(); !strings.HasPrefix(says, "no data for 5s (--stall-timeout); ") ||
				!strings.Contains(says, tt.text) {
				t.Errorf("says %q", says)
			}
			if r.Elapsed < ampleLimit {
				t.Errorf("after %s only", r.Elapsed)
			}
		})
	}
}

// TestSlowIsNotStalled checks that 8 KiB every 300 ms are no stall, for longer than the stall timeout.
func TestSlowIsNotStalled(t *testing.T) {
	t.Parallel()
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		for range 20 {
			_, _ = io.WriteString(w, strings.Repeat("x", 8<<10))
			_ = http.NewResponseController(w).Flush()
			time.Sleep(300 * time.Millisecond)
		}
	})
	r, _ := runOne(t, url, noRetryOptions(func(o *Options) { o.StallTimeout = ampleLimit }))
	if r.Failure != nil || r.Bytes != 20*8<<10 {
		t.Errorf("%d bytes, %v", r.Bytes, r.Failure)
	}
}

// TestSlowUploadIsNotStalled checks that an upload to a server that reads slowly but without a pause is no stall,
// although the kernel's buffers hide part of that: at this pace at most 800 KB are read within the limit.
func TestSlowUploadIsNotStalled(t *testing.T) {
	t.Parallel()
	const limit, size = ampleLimit, 16 << 20
	url := nettest.Talk(t, func(c *net.TCPConn) {
		began := time.Now()
		due := func() int { return int(time.Since(began).Seconds() * 800e3 / limit.Seconds()) }
		taken := 0
		paced := readerFunc(func(p []byte) (int, error) {
			for ; time.Since(began) < 2*limit+limit/2; time.Sleep(10 * time.Millisecond) { // no pacing after that
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
	r, body := runOne(t, url, noRetryOptions(func(o *Options) { o.StallTimeout, o.Body = limit, make([]byte, size) }))
	if r.Failure != nil || body != fmt.Sprint(size) {
		t.Errorf("the server has read %s bytes, %v", body, r.Failure)
	}
}

// slowBodyStore is a BodyStore whose first write takes longer than the stall timeout.
type slowBodyStore struct{ outOfFiles }

func (slowBodyStore) Create(*Request) (BodyWriter, error) { return new(slowBodyWriter), nil }

// slowBodyWriter is the BodyWriter of a slowBodyStore.
type slowBodyWriter struct {
	discardWriter
	first sync.Once
}

func (w *slowBodyWriter) Write(p []byte) (int, error) {
	w.first.Do(func() { time.Sleep(ampleLimit + ampleLimit/2) })
	return len(p), nil
}

// TestSlowBodyStoreIsNoStall checks that the time in which received bytes are decoded or written does not count as a
// stall.
func TestSlowBodyStoreIsNoStall(t *testing.T) {
	t.Parallel()
	url := startServer(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 200<<10))
	})
	r, _ := runOne(t, url,
		noRetryOptions(func(o *Options) { o.StallTimeout, o.BodyStore = ampleLimit, &slowBodyStore{} }))
	if r.Failure != nil || r.Bytes != 200<<10 {
		t.Errorf("%d bytes, %v", r.Bytes, r.Failure)
	}
}
