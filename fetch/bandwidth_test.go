package fetch

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/transport"
)

// TestBandwidthOverSockets checks that a run with a bandwidth limit takes at least the time that its bytes take,
// headers and bodies together, over HTTP/1.1 and HTTP/2, and that its Summary has the time.
func TestBandwidthOverSockets(t *testing.T) {
	page := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Padding", strings.Repeat("p", 10<<10))
		_, _ = io.WriteString(w, strings.Repeat("b", 30<<10))
	}
	for _, version := range []transport.Version{transport.HTTP1, transport.HTTP2} {
		t.Run(string(version), func(t *testing.T) {
			server, o := startTLSServer(t, true, page)
			o.Bandwidth, o.HTTP, o.HostConcurrency = 1e6, version, 20 // no other limit beside it
			got := new(recorder)
			summary, err := Run(t.Context(), urls(16, server), got, o)
			if err != nil || summary.Succeeded != 16 {
				t.Fatalf("%v: %s", err, got.kinds())
			}
			least := 16 * 30 << 10 // bodies
			if version == transport.HTTP1 {
				least = 16 * 40 << 10 // HTTP/2 sends a repeated header field only once
			}
			want := time.Duration(float64(least)/1e6*float64(time.Second)) - 10*time.Millisecond
			if summary.Elapsed < want {
				t.Errorf("took %s, at least %s are needed", summary.Elapsed, want)
			}
			if summary.LimitedFor[LimitBandwidth] < want/2 {
				t.Errorf("limited by %s: %v", summary.LimitedBy, summary.LimitedFor)
			}
		})
	}
}
