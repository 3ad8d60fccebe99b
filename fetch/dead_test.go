package fetch

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/transport"
)

// TestDeadHTTP2ConnectionIsNoticed: one over which nothing comes any more, no answer to a ping either, is given up and asked anew.
func TestDeadHTTP2ConnectionIsNoticed(t *testing.T) {
	const lost = "nothing came over the connection, no answer to a ping either; connected, no answer had arrived"
	const cut = "nothing came over the connection, no answer to a ping either; 200 OK and 4 bytes of its body had arrived"
	for text, says := range map[string]func(framer){lost: func(framer) {}, cut: func(f framer) { f.begin(f.next()) }} {
		var made atomic.Int32
		url := talkFrames(t, func(f framer) {
			if made.Add(1) <= 2 {
				says(f)
				nettest.AwaitClose(f.conn)
				return
			}
			for stream := f.next(); stream != 0; stream = f.next() {
				f.begin(stream)
				_ = f.WriteData(stream, true, nil)
			}
		})
		for retries, want := range []failure.Kind{failure.Stalled, ""} {
			o := options(func(o *Options) { o.HTTP, o.StallTimeout, o.Retries, o.RetryDelay = transport.HTTP2, 0, retries, 0 })
			config := o.transportConfig(dial.Network{})
			config.Dial.PingTime = 100 * time.Millisecond
			transport := transport.New(config)
			var shelf shelf
			if _, err := runWith(t.Context(), linesOf(url), &shelf, o, transport); err != nil {
				t.Fatal(err)
			}
			transport.CloseIdle()
			r := shelf.records[0]
			if kindOf(r) != want || r.Attempts != retries+1 || r.Elapsed < 200*time.Millisecond || want != "" && r.Failure.Error() != text {
				t.Errorf("%s after %d attempts and %s: %v", kindOf(r), r.Attempts, r.Elapsed, r.Failure)
			}
		}
	}
}

// TestReusedConnectionThatDies: a server may close a connection at the moment it is used again. A GET is asked once more
// at once, and that is no attempt of its own; what has a body is told as it is, and --retry-on decides.
func TestReusedConnectionThatDies(t *testing.T) {
	for _, tt := range []struct {
		line, want string
		asked      int32
	}{
		{`%s/`, "ok ok", 3},
		{`{"url":"%s/","retry":false}`, "ok truncated", 2},
		{`{"url":"%s/","method":"PUT","body":"x"}`, "ok truncated", 2},
		{`{"url":"%s/","method":"POST","body":"x"}`, "ok truncated", 2},
	} {
		var asked atomic.Int32
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			if asked.Add(1) == 2 {
				panic(http.ErrAbortHandler)
			}
		})
		line := strings.ReplaceAll(tt.line, "%s", url)
		shelf := along(t, quick(nil), dial.Network{}, line, line)
		if shelf.kinds() != tt.want || asked.Load() != tt.asked || shelf.records[1].Attempts != 1 {
			t.Errorf("%s: %s after %d attempts, asked %d times: %v", tt.line, shelf.kinds(), shelf.records[1].Attempts, asked.Load(), shelf.records[1].Failure)
		}
	}
}
