package transport

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
)

// TestInterimResponses: interim responses (1xx) are read past, and the connection is reused.
func TestInterimResponses(t *testing.T) {
	server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
		nettest.Say(c, "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"+
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		return true
	})
	transport := newTestTransport(t)
	for range 2 {
		ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
		resp, err := transport.RoundTrip(ctx, call)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(call.Body(resp))
		if string(body) != "ok" || err != nil || resp.StatusCode != 200 || resp.Header["Link"] != nil {
			t.Errorf("got %d, %v, %q, %v", resp.StatusCode, resp.Header, body, err)
		}
	}
	if n := server.conns.Load(); n != 1 {
		t.Errorf("%d connections", n)
	}
}

// TestNormalInterimResponses: a header line that is none is left out of each interim response and of the final one,
// whose head is kept as it came, also where what follows them is longer than the buffer.
func TestNormalInterimResponses(t *testing.T) {
	text := strings.Repeat("x", 3*headBuffer)
	hints := "HTTP/1.1 103 Early Hints\r\nGr\xfc\xdfe: 1\r\nLink: <x>\r\n\r\n"
	head := "HTTP/1.1 200 OK\r\nGr\xfc\xdfe: 2\r\nServer: y\r\nContent-Length: " + strconv.Itoa(len(text)) + "\r\n\r\n"
	server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
		nettest.Say(c, hints+hints+head+text)
		return true
	})
	ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
	call.KeepHead = true
	resp, err := newTestTransport(t).RoundTrip(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(call.Body(resp))
	if string(body) != text || err != nil || resp.StatusCode != 200 || len(resp.Header) != 2 {
		t.Errorf("got %d, %v, %d bytes, %v", resp.StatusCode, resp.Header, len(body), err)
	}
	if got := string(call.head); got != head {
		t.Errorf("the head is %q, want %q", got, head)
	}
	server.awaitClose(t)
}

// TestInterimResponsesAreBounded: the headers of all interim responses count towards the bound on a header.
func TestInterimResponsesAreBounded(t *testing.T) {
	hints := "HTTP/1.1 103 Early Hints\r\nLink: " + strings.Repeat("x", 10<<10) + "\r\n\r\n"
	server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
		nettest.Say(c, strings.Repeat(hints, 27)+"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
		return true
	})
	_, err := exchangeOver(t.Context(), newTestTransport(t), testTarget(t, "GET", server.url, nil))
	var f *failure.Failure
	if !errors.As(err, &f) || f.Kind != failure.TooLarge {
		t.Errorf("got %v", err)
	}
	server.awaitClose(t)
}

// TestCanceledBody: the end of the context while the body is read ends the read and closes the connection.
func TestCanceledBody(t *testing.T) {
	server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
		nettest.AwaitClose(c)
		return false
	})
	ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
	resp, err := newTestTransport(t).RoundTrip(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	body := call.Body(resp)
	if n, err := io.ReadFull(body, make([]byte, 1)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	call.Cancel(&failure.Stop{Why: "a test"})
	_, err = io.ReadAll(body)
	if err == nil {
		t.Fatal("the body has an end")
	}
	const want = "stopped by a test; 200 OK and 1 bytes of its body had arrived"
	if f := call.Explain(ctx, err, resp.StatusCode, 1); f.Kind != failure.Canceled || f.Error() != want {
		t.Errorf("got %s: %v", f.Kind, f)
	}
	server.awaitClose(t)
}

// TestHeadAt: the header of a response has come when its last bytes were read, whenever that is asked and whatever is
// read of the body by then.
func TestHeadAt(t *testing.T) {
	goOn := make(chan bool)
	server := newTestServer(t, func(c *net.TCPConn, _ int, _ *http.Request) bool {
		nettest.Say(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n")
		<-goOn
		nettest.Say(c, "ok")
		return true
	})
	ctx, call := startCall(t, testTarget(t, "GET", server.url, nil))
	resp, err := newTestTransport(t).RoundTrip(ctx, call)
	if err != nil {
		t.Fatal(err)
	}
	at, now := call.HeadAt(), time.Now()
	close(goOn)
	if _, err := io.ReadAll(call.Body(resp)); err != nil {
		t.Fatal(err)
	}
	if !call.HeadAt().Equal(at) || at.Before(call.StartedAt) || at.After(now) {
		t.Errorf("asked at %v, the header had come at %v, and after the body %v", call.StartedAt, at, call.HeadAt())
	}
}

// TestHeadOfEarlyResponse: a response that came with the end of the handshake, as of a server that has too many
// connections, has its header no sooner than the exchange has its connection.
func TestHeadOfEarlyResponse(t *testing.T) {
	form := httptest.NewUnstartedServer(nil)
	form.StartTLS()
	form.Close()
	url := nettest.Talk(t, func(c *net.TCPConn) {
		below := &gatheredWrites{Conn: c}
		config := &tls.Config{Certificates: form.TLS.Certificates, MaxVersion: tls.VersionTLS12}
		// In TLS 1.2 the server's Finished ends the handshake: from then on all goes out at once.
		config.VerifyConnection = func(tls.ConnectionState) error { below.gathers = true; return nil }
		server := tls.Server(below, config)
		_ = server.Handshake()
		nettest.Say(server, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")
		_, _ = c.Write(below.text) // a failure shows in the response
		nettest.AwaitClose(c)
	})
	ctx, call := startCall(t, testTarget(t, "GET", strings.Replace(url, "http:", "https:", 1), nil))
	resp, err := newTestTransport(t).RoundTrip(ctx, call)
	if err != nil || resp.StatusCode != http.StatusServiceUnavailable {
		t.Fatal(resp, err)
	}
	if call.HeadAt().Before(call.ConnectedAt()) {
		t.Errorf("connected at %v, the header had come at %v", call.ConnectedAt(), call.HeadAt())
	}
}
