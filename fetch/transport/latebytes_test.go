package transport

import (
	"net"
	"testing"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/nettest"
)

// awaitUnreadBytes waits until something can be read from the idle connection of transport.
func awaitUnreadBytes(t *testing.T, transport *Transport) {
	p := tcpPool(transport)
	nettest.Eventually(t, "unread bytes", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.idle.oldest != nil && !p.idle.oldest.isReusable()
	})
}

// TestUnreadBytesBeforeReuse: bytes that are unread on a connection before a request is sent are no response to it. The
// exchange takes another connection, whatever the method, as nothing has been sent.
func TestUnreadBytesBeforeReuse(t *testing.T) {
	if ours, _ := nettest.Pair(t); !conn.New(ours, nil).CanPoll() {
		t.Skip("no poll(2) here")
	}
	const response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
	for name, late := range map[string]func(c *net.TCPConn){
		"a whole response": func(c *net.TCPConn) { nettest.Say(c, response+"wrong") },
		"one byte":         func(c *net.TCPConn) { nettest.Say(c, "H") },
		"the end":          func(c *net.TCPConn) { _ = c.CloseWrite() },
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" before a "+method, func(t *testing.T) {
				transport := New(testConfig())
				defer transport.Close()
				first := make(chan struct{})
				url := nettest.Talk(t, func(c *net.TCPConn) {
					nettest.ReadRequest(c)
					nettest.Say(c, response+"right")
					select {
					case <-first: // this is the second connection
					default:
						<-first
						late(c)
						nettest.ReadRequest(c)
					}
				})
				for i := range 2 {
					if i == 1 {
						close(first)
						awaitUnreadBytes(t, transport)
						time.Sleep(2 * quietFor)
					}
					to := testTarget(t, method, url, []byte("x"))
					if body, err := exchangeOver(t.Context(), transport, to); body != "right" || err != nil {
						t.Errorf("exchange %d: got %q, %v", i, body, err)
					}
				}
			})
		}
	}
}
