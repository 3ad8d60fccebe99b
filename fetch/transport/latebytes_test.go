package transport

import (
	"net"
	"testing"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/nettest"
)

// awaitNoise waits until something has come over the link that lies idle on a road.
func awaitNoise(t *testing.T, transport *Transport) {
	ls := transport.direct.(negotiating).pool
	nettest.Eventually(t, "the surplus", func() bool {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		return ls.oldest != nil && !ls.oldest.isReusable()
	})
}

// TestSurplusThatComesLate: what lies in the socket when a connection is used again is no answer. Another connection
// is asked, whatever the method: nothing had been sent.
func TestSurplusThatComesLate(t *testing.T) {
	if ours, _ := nettest.Pair(t); !conn.New(ours, nil, 0).CanPoll() {
		t.Skip("no poll(2) here")
	}
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
	for name, late := range map[string]func(c *net.TCPConn){
		"a whole answer": func(c *net.TCPConn) { nettest.Say(c, answer+"wrong") },
		"one byte":       func(c *net.TCPConn) { nettest.Say(c, "H") },
		"the end":        func(c *net.TCPConn) { _ = c.CloseWrite() },
	} {
		for _, method := range []string{"GET", "POST"} {
			t.Run(name+" before a "+method, func(t *testing.T) {
				transport := New(testConfig())
				defer transport.Close()
				first := make(chan struct{})
				url := nettest.Talk(t, func(c *net.TCPConn) {
					nettest.ReadRequest(c)
					nettest.Say(c, answer+"right")
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
						awaitNoise(t, transport)
					}
					if body, err := exchangeOver(t.Context(), transport, testTarget(t, method, url, []byte("x"))); body != "right" || err != nil {
						t.Errorf("exchange %d: got %q, %v", i, body, err)
					}
				}
			})
		}
	}
}
