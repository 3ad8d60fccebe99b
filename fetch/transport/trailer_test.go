package transport

import (
	"io"
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
	o, socket := &twoOrigin{tls: server.TLS}, listenUDP(t, 0)
	o.serveHTTP3(t, socket, page)
	overUDP := "https://127.0.0.1:" + itoa(portOf(socket))
	for version, url := range map[Version]string{HTTP1: server.URL, HTTP2: server.URL, HTTP3: overUDP} {
		transport := http3Transport(t, func(c *Config) { c.HTTP = version })
		ctx, call := startCall(t, testTarget(t, "GET", url, nil))
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
