package fetch

import (
	"net"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

func TestResponsesThatAreNotWhole(t *testing.T) {
	for _, tt := range []struct {
		name string
		says func(*net.TCPConn)
		want failure.Kind
		text string
	}{
		{"closed before an answer", func(c *net.TCPConn) { nettest.ReadRequest(c) }, failure.Truncated,
			"no answer had arrived"},
		{"closed in the status line", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, "HTTP/1.1 20") },
			failure.Truncated, "no answer had arrived"},
		{"closed in the header", func(c *net.TCPConn) {
			nettest.ReadRequest(c)
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Le")
		}, failure.Truncated, "no answer had arrived"},
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
		{"reset before an answer", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.ResetOnClose(c) }, failure.Reset,
			"no answer had arrived"},
		{"no HTTP", func(c *net.TCPConn) { nettest.ReadRequest(c); nettest.Say(c, "220 smtp.test ESMTP\r\n") },
			failure.Protocol, "not a valid HTTP answer"},
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
			r, _ := runOne(t, nettest.Talk(t, tt.says), noRetryOptions(nil))
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

func TestTimeoutSaysWhatHadArrived(t *testing.T) {
	t.Parallel()
	url := nettest.Talk(t, func(c *net.TCPConn) {
		nettest.ReadRequest(c)
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
		nettest.AwaitClose(c)
	})
	r, _ := runOne(t, url, noRetryOptions(func(o *Options) { o.Timeout = ampleLimit }))
	if kindOf(r) != failure.Timeout ||
		r.Failure.Error() != "not done within 5s (--timeout); 200 OK and 4 bytes of its body had arrived" {
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
	r, _ := runOne(t, "http://"+addr, noRetryOptions(nil))
	if kindOf(r) != failure.Connect || !strings.Contains(r.Failure.Error(), addr) || r.RemoteAddr != "" ||
		r.Attempts != 1 {
		t.Errorf("got %s: %v from %q", kindOf(r), r.Failure, r.RemoteAddr)
	}
}

func TestUnknownName(t *testing.T) {
	r, _ := runOne(t, "http://nobody.invalid/", noRetryOptions(nil))
	if kindOf(r) != failure.DNS || !strings.Contains(r.Failure.Error(), "nobody.invalid") {
		t.Errorf("got %s: %v", kindOf(r), r.Failure)
	}
}
