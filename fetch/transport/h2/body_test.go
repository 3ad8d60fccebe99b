package h2

import (
	"bytes"
	"io"
	"testing"

	"golang.org/x/net/http2"
)

// TestSmallBodyIsDetached: a small response that has come whole takes no stream, and its body is read even where the
// connection has ended since.
func TestSmallBodyIsDetached(t *testing.T) {
	c, owner := startServer(t, testConfig(), func(s *server) {
		_ = s.WriteSettings()
		for id := s.next(); id != 0; id = s.next() {
			var out bytes.Buffer // so that all comes at once
			at := &server{Framer: http2.NewFramer(&out, nil)}
			at.ok(id, "body")
			_, _ = s.conn.Write(out.Bytes())
		}
	})
	request := get()
	resp, err := c.RoundTrip(t.Context(), request)
	if err != nil || !request.Usual {
		t.Fatalf("usual: %v, %v", request.Usual, err)
	}
	owner.mu.Lock()
	if owner.done != 1 {
		t.Error("the exchange is not over")
	}
	owner.mu.Unlock()
	c.Close()
	if body, err := io.ReadAll(resp.Body); string(body) != "body" || err != nil {
		t.Errorf("%q, %v", body, err)
	}
	_ = resp.Body.Close()
	if _, err := resp.Body.Read(make([]byte, 1)); err == nil {
		t.Error("a closed body is read")
	}
}
