package fetch

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
)

// TestLargeUpload checks that a large upload arrives complete and that its connection is reused.
func TestLargeUpload(t *testing.T) {
	body := strings.Repeat("0123456789", 100_000)
	url, made := startCountingServer(t, func(w http.ResponseWriter, r *http.Request) {
		if got, err := io.ReadAll(r.Body); err != nil || string(got) != body {
			t.Errorf("%d bytes of %d, %v", len(got), len(body), err)
		}
	})
	sink := runIn(t, noRetryOptions(nil), dial.Network{}, `{"url":"`+url+`","body":"`+body+`"}`,
		`{"url":"`+url+`","body":"`+body+`"}`)
	if sink.kinds() != "ok ok" || made.Load() != 1 {
		t.Errorf("%s over %d connections", sink.kinds(), made.Load())
	}
}

// TestEarlyResponse checks that the response of a server that refuses an upload before it has read it is used, whether
// the server then reads on, waits or closes, and that the connection is not reused while the upload is not complete.
func TestEarlyResponse(t *testing.T) {
	body := strings.Repeat("x", 3<<20)
	for name, then := range map[string]func(c *net.TCPConn){
		"and waits":    func(*net.TCPConn) { time.Sleep(300 * time.Millisecond) },
		"and closes":   func(c *net.TCPConn) { _ = c.CloseWrite(); nettest.AwaitClose(c) },
		"and reads on": func(c *net.TCPConn) { time.Sleep(100 * time.Millisecond); nettest.AwaitClose(c) },
	} {
		t.Run(name, func(t *testing.T) {
			url := nettest.Talk(t, func(c *net.TCPConn) {
				nettest.ReadRequest(c)
				nettest.Say(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 2\r\n\r\nno")
				then(c)
			})
			began := time.Now()
			line := `{"url":"` + url + `","body":"` + body + `"}`
			sink := runIn(t, noRetryOptions(nil), dial.Network{}, line, line)
			if sink.kinds() != "status status" || sink.records[1].Status != 413 || time.Since(began) > 20*time.Second {
				t.Errorf("%s: %v", sink.kinds(), sink.records[0].Failure)
			}
		})
	}
}

// TestEarlyResponseToALargeHead checks that a response is read while a header larger than the kernel's buffers is still
// being written.
func TestEarlyResponseToALargeHead(t *testing.T) {
	received := make(chan struct{})
	url := nettest.Talk(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 1000))
		nettest.Say(c, "HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\n\r\n")
		select {
		case <-received:
		case <-time.After(25 * time.Second):
		}
	})
	defer close(received)
	line := `{"url":"` + url + `","headers":{"X-A":"` + strings.Repeat("x", 3<<20) + `"}}`
	if r, _ := runOne(t, line, noRetryOptions(nil)); r.Status != 431 || r.Elapsed > 20*time.Second {
		t.Errorf("%d after %s, %v", r.Status, r.Elapsed, r.Failure)
	}
}

// TestEarlySuccess checks that a server that responds 201 before it has read an upload gets all of it, and that the
// connection is reused.
func TestEarlySuccess(t *testing.T) {
	body, got := strings.Repeat("x", 3<<20), make(chan int, 2)
	url := nettest.Talk(t, func(c *net.TCPConn) {
		for in := bufio.NewReader(c); ; {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			nettest.Say(c, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n")
			n, _ := io.Copy(io.Discard, r.Body)
			got <- int(n)
		}
	})
	line := `{"url":"` + url + `","body":"` + body + `"}`
	sink := runIn(t, noRetryOptions(nil), dial.Network{}, line, line)
	if first, second := <-got, <-got; sink.kinds() != "ok ok" || first != len(body) || second != len(body) {
		t.Errorf("%s: %d and %d bytes of %d", sink.kinds(), first, second, len(body))
	}
}
