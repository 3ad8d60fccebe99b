package fetch

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/nettest"
)

// TestClosingIsHeeded: where either side says that the connection ends with this exchange, it does, though the other side leaves it open.
func TestClosingIsHeeded(t *testing.T) {
	for _, tt := range []struct {
		line, answer string
		connections  int
	}{
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 1},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 3},
		{`%s`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: x, Close\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
		{`%s`, "HTTP/1.0 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n", 1},
		{`{"url":"%s","headers":{"Connection":"close"}}`, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 3},
	} {
		connections := 0
		url := nettest.Talk(t, func(c *net.TCPConn) {
			connections++
			for in := bufio.NewReader(c); ; nettest.Say(c, tt.answer) {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
			}
		})
		line := strings.ReplaceAll(tt.line, "%s", url)
		if shelf := along(t, quick(nil), dial.Network{}, line, line, line); shelf.kinds() != "ok ok ok" || connections != tt.connections {
			t.Errorf("%s: %q: %s over %d connections", tt.line, tt.answer, shelf.kinds(), connections)
		}
	}
}

// TestHalfAnAnswerIsNotAskedForAgain: a connection used again that dies behind the first byte of an answer, or behind an interim
// one, has carried the request.
func TestHalfAnAnswerIsNotAskedForAgain(t *testing.T) {
	for _, half := range []string{"HTTP/1", "HTTP/1.1 103 Early Hints\r\n\r\n"} {
		asked := 0
		url := nettest.Talk(t, func(c *net.TCPConn) {
			in := bufio.NewReader(c)
			for {
				if _, err := http.ReadRequest(in); err != nil {
					return
				}
				if asked++; asked == 2 {
					nettest.Say(c, half)
					return
				}
				nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			}
		})
		if shelf := along(t, quick(nil), dial.Network{}, url, url); shelf.kinds() != "ok truncated" || asked != 2 {
			t.Errorf("%s, asked %d times: %v", shelf.kinds(), asked, shelf.records[1].Failure)
		}
	}
}

// TestAnotherProtocolInItsPlace: where a link dies under a request and the next connection speaks HTTP/2, nothing of the link sticks
// to the exchange.
func TestAnotherProtocolInItsPlace(t *testing.T) {
	backend, o := secured(t, true, hello)
	o.TLS = &tls.Config{InsecureSkipVerify: true}
	lender := httptest.NewTLSServer(http.NotFoundHandler())
	lender.Close()
	config := &tls.Config{Certificates: lender.TLS.Certificates, NextProtos: []string{"http/1.1"}}
	var made atomic.Int32
	url := nettest.Talk(t, func(raw *net.TCPConn) {
		if made.Add(1) > 1 {
			there, err := net.Dial("tcp", strings.TrimPrefix(backend, "https://"))
			if err == nil {
				relay(raw, there)
			}
			return
		}
		c := tls.Server(raw, config)
		in := bufio.NewReader(c)
		_, _ = http.ReadRequest(in)
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		_, _ = http.ReadRequest(in)
	})
	url = strings.Replace(url, "http:", "https:", 1)
	shelf := along(t, o, dial.Network{}, url+"/1", url+"/2")
	if got := strings.Join(shelf.bodies, " "); shelf.kinds() != "ok ok" || got != "ok HTTP/2.0" {
		t.Errorf("%s, %q: %v", shelf.kinds(), got, shelf.records[1].Failure)
	}
}
