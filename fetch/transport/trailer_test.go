package transport

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestTrailers: once the body has ended, a response has the trailer that was sent behind it, over each version of HTTP.
func TestTrailers(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Trailer", "X-Behind")
		_, _ = io.WriteString(w, "body")
		w.Header().Set("X-Behind", "it")
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(page))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	o := &twoOrigin{url: server.URL, port: server.Listener.Addr().(*net.TCPAddr).Port, tls: server.TLS}
	o.serveHTTP3(t, listenUDP(t, o.port), page)
	for _, version := range []Version{HTTP1, HTTP2, HTTP3} {
		transport := http3Transport(t, func(c *Config) { c.HTTP = version })
		ctx, call := startCall(t, testTarget(t, "GET", o.url, nil))
		resp, err := transport.RoundTrip(ctx, call)
		if err != nil {
			t.Fatal(version, err)
		}
		text, err := io.ReadAll(call.Body(resp))
		if err != nil || string(text) != "body" || resp.Trailer.Get("X-Behind") != "it" {
			t.Errorf("over %s: %q, trailer %v, %v", resp.Proto, text, resp.Trailer, err)
		}
		_ = resp.Body.Close()
	}
}
