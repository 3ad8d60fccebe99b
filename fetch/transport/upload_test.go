package transport

import (
	"context"
	"io"
	"net"
	"net/http"
	"testing"

	"batchfetch/fetch/nettest"
)

// uploadBytes is the size of an upload that the kernel's buffers can't take, given that of smallReadBuffer.
const uploadBytes, smallReadBuffer = 8 << 20, 64 << 10

// TestEarlyErrorToUpload: an error response that comes before the upload is over is returned at once. The rest of the
// upload is not sent, so the connection is closed.
func TestEarlyErrorToUpload(t *testing.T) {
	responded := make(chan struct{})
	server := newTestServer(t, func(c *net.TCPConn, _ int, req *http.Request) bool {
		if req.Method == http.MethodGet {
			nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			return true
		}
		_ = c.SetReadBuffer(smallReadBuffer)
		nettest.Say(c, "HTTP/1.1 413 Content Too Large\r\nContent-Length: 7\r\n\r\ntoo big")
		<-responded
		return false
	})
	transport := newTestTransport(t)
	ctx, call := startCall(t, testTarget(t, "POST", server.url, make([]byte, uploadBytes)))
	resp, err := transport.RoundTrip(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(call.Body(resp))
	if resp.StatusCode != http.StatusRequestEntityTooLarge || string(body) != "too big" || err != nil {
		t.Errorf("got %d, %q, %v", resp.StatusCode, body, err)
	}
	if cause := context.Cause(ctx); cause != nil {
		t.Errorf("the rest of the upload was waited for: %v", cause)
	}
	close(responded)
	text, err := exchangeOver(t.Context(), transport, testTarget(t, "GET", server.url, nil))
	if text != "ok" || err != nil || server.conns.Load() != 2 {
		t.Errorf("then got %q, %v over %d connections", text, err, server.conns.Load())
	}
}

// TestEarlyResponseToUpload: after an early response that is no error the rest of the upload is sent, and the
// connection is reused.
func TestEarlyResponseToUpload(t *testing.T) {
	uploaded := make(chan int64, 1)
	server := newTestServer(t, func(c *net.TCPConn, _ int, req *http.Request) bool {
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		n, _ := io.Copy(io.Discard, req.Body) // an error shows in n
		if req.Method == http.MethodPost {
			uploaded <- n
		}
		return true
	})
	transport := newTestTransport(t)
	for _, to := range []*Target{
		testTarget(t, "POST", server.url, make([]byte, uploadBytes)), testTarget(t, "GET", server.url, nil),
	} {
		if text, err := exchangeOver(t.Context(), transport, to); text != "ok" || err != nil {
			t.Errorf("%s: got %q, %v", to.Method, text, err)
		}
	}
	if n := <-uploaded; n != uploadBytes || server.conns.Load() != 1 {
		t.Errorf("%d bytes were uploaded, over %d connections", n, server.conns.Load())
	}
}
