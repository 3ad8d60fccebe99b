package fetch

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/nettest"
)

// TestAnswersThatAreNoBody: what stays of a part after them is what may still be of use.
func TestAnswersThatAreNoBody(t *testing.T) {
	for code, stays := range map[int]bool{400: false, 401: true, 403: true, 404: false, 408: true, 410: false, 425: true, 429: true, 500: true, 503: true, 204: false} {
		url := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
		c := newMemoryStore()
		c.parts["x"] = &stored{"part", PartialInfo{`"first"`, 100, url}}
		r := keep(t, c, Request{URL: url}, quick(nil))
		if r.Status != code || (len(c.parts) == 1) != stays {
			t.Errorf("after %d %d parts are left", r.Status, len(c.parts))
		}
	}
	body := wine(1000)
	v := newVintner(t, body)
	v.server.Start()
	busy := true
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if busy {
			busy = false
			w.WriteHeader(404)
			return
		}
		v.ServeHTTP(w, r)
	})
	c, o := newMemoryStore(), retries(1)
	c.parts["x"] = &stored{body[:10], PartialInfo{`"first"`, 1000, url}}
	o.RetryOn.Statuses = judge.Statuses{{404, 404}}
	wantWhole(t, c, keep(t, c, Request{URL: url}, o), body, 10) // a 404 that is to pass drops nothing
}

// placeAt is how a Mark names a URL.
func placeAt(t *testing.T, text string) string {
	t.Helper()
	u, err := httpurl.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return partialURL(u)
}

// TestWhatIsKept: a part is left where an answer that could be continued broke off, and by no other failure.
func TestWhatIsKept(t *testing.T) {
	const start = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n"
	for _, tt := range []struct {
		name, says string
		with       func(*Options)
		hold       bool // the connection is held open in silence
		request    Request
		kind       failure.Kind
		kept       bool
	}{
		{name: "cut off", says: start + "ETag: \"a\"\r\n\r\nhalf", kind: failure.Truncated, kept: true},
		{name: "by its date", says: start + "Last-Modified: " + older + "\r\nDate: " + newer + "\r\n\r\nhalf", kind: failure.Truncated, kept: true},
		{name: "in chunks", says: "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", kind: failure.Truncated, kept: true},
		{name: "out of time", says: start + "ETag: \"a\"\r\n\r\nhalf", hold: true, with: func(o *Options) { o.Timeout = 200 * time.Millisecond }, kind: failure.Timeout, kept: true},
		{name: "stalled", says: start + "ETag: \"a\"\r\n\r\nhalf", hold: true, with: func(o *Options) { o.StallTimeout = 200 * time.Millisecond }, kind: failure.Stalled, kept: true},
		{name: "before its first byte", says: start + "ETag: \"a\"\r\n\r\n", kind: failure.Truncated},
		{name: "without a validator", says: start + "\r\nhalf", kind: failure.Truncated},
		{name: "weak", says: start + "ETag: W/\"a\"\r\n\r\nhalf", kind: failure.Truncated},
		{name: "without ranges", says: start + "ETag: \"a\"\r\nAccept-Ranges: none\r\n\r\nhalf", kind: failure.Truncated},
		{name: "coded", says: start + "ETag: \"a\"\r\nContent-Encoding: gzip\r\n\r\n" + coded(t, text, "gzip")[:5], kind: failure.Truncated},
		{name: "coded, and not decoded", says: start + "ETag: \"a\"\r\nContent-Encoding: gzip\r\n\r\nhalf", with: func(o *Options) { o.Identity = true }, kind: failure.Truncated},
		{name: "another status", says: "HTTP/1.1 203 OK\r\nContent-Length: 10\r\nETag: \"a\"\r\n\r\nhalf", kind: failure.Truncated},
		{name: "a POST", says: start + "ETag: \"a\"\r\n\r\nhalf", request: Request{Method: "POST"}, kind: failure.Truncated},
		{name: "a body sent", says: start + "ETag: \"a\"\r\n\r\nhalf", request: Request{Method: "GET", Body: []byte("x")}, kind: failure.Truncated},
		{name: "a range of its own", says: strings.Replace(start, "200", "206", 1) + "ETag: \"a\"\r\n\r\nhalf", request: Request{Header: headers("Range", "bytes=5-")}, kind: failure.Truncated},
		{name: "a range by flag", says: start + "ETag: \"a\"\r\n\r\nhalf", with: func(o *Options) { o.Header = headers("Range", "bytes=5-") }, kind: failure.Truncated},
		{name: "too large", says: start + "ETag: \"a\"\r\n\r\nhalf", with: func(o *Options) { o.MaxBody = 3 }, kind: failure.TooLarge},
		{name: "a wrong hash", says: strings.Replace(start, "10", "4", 1) + "ETag: \"a\"\r\n\r\nhalf", request: Request{SHA256: strings.Repeat("0", 64)}, kind: failure.Checksum},
		{name: "no chunk", says: "HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nnonsense\r\n", kind: failure.Protocol},
	} {
		t.Run(tt.name, func(t *testing.T) {
			over := make(chan struct{})
			v := newVintner(t, "") // answers by hand below
			v.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body) // what is not read is answered with a reset
				conn, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					t.Error(err)
					return
				}
				nettest.Say(conn, tt.says)
				if tt.hold {
					<-over
				}
				_ = conn.Close()
			})
			v.server.Start()
			c := newMemoryStore()
			tt.request.URL = v.server.URL + "/a?secret"
			r := keep(t, c, tt.request, quick(tt.with))
			close(over)
			if kindOf(r) != tt.kind || (len(c.parts) == 1) != tt.kept {
				t.Fatalf("%s, %d parts are left: %v", kindOf(r), len(c.parts), r.Failure)
			}
			if left := c.parts["x"]; tt.kept && (left.bytes != "half" || left.mark.At != placeAt(t, v.server.URL+"/a?secret") || strings.Contains(left.mark.At, "secret") || left.mark.Total > 10) {
				t.Errorf("kept %+v", left)
			}
		})
	}
}

// TestNewBodyTakesThePlaceOfAPart: what comes of it is continued, and what was there before is gone.
func TestNewBodyTakesThePlaceOfAPart(t *testing.T) {
	body := wine(100_000)
	v, c := newVintner(t, body, 500), newMemoryStore()
	v.server.Start()
	c.parts["x"] = &stored{"of an earlier body", PartialInfo{`"earlier"`, 200, v.server.URL}}
	if r := keep(t, c, Request{URL: v.server.URL}, quick(nil)); r.Status != 200 || c.parts["x"] == nil || c.parts["x"].bytes != body[:500] {
		t.Fatalf("%d, kept %+v", r.Status, c.parts["x"])
	}
	wantWhole(t, c, keep(t, c, Request{URL: v.server.URL}, quick(nil)), body, 500)
	wantAsked(t, v, `bytes=18- "earlier"`, `bytes=500- "first"`)
}

// TestOwnRangeIsLeftAlone: no part is looked for, and the answer is what was asked for.
func TestOwnRangeIsLeftAlone(t *testing.T) {
	body := wine(1000)
	v, c := newVintner(t, body), newMemoryStore()
	v.server.Start()
	c.parts["x"] = &stored{body[:400], PartialInfo{`"first"`, 1000, v.server.URL}}
	r := keep(t, c, Request{URL: v.server.URL, Header: headers("Range", "bytes=10-19")}, quick(nil))
	if r.Failure != nil || r.Status != 206 || c.kept["x"] != body[10:20] || r.ResumedFrom != 0 || len(c.parts) != 1 {
		t.Errorf("%d, kept %q, %v", r.Status, c.kept["x"], r.Failure)
	}
	wantAsked(t, v, "bytes=10-19 ")
}

// readBy makes an io.Reader of a function.
type readBy func([]byte) (int, error)

func (f readBy) Read(p []byte) (int, error) { return f(p) }

// TestPartThatCannotBeRead: one that a disk has lost is asked for as a whole; one that is being read when the run is stopped stays.
func TestPartThatCannotBeRead(t *testing.T) {
	body := wine(1000)
	v, c := newVintner(t, body), newMemoryStore()
	v.server.Start()
	lay := func(read readBy) {
		c.parts["x"], c.reads = &stored{body[:400], PartialInfo{`"first"`, 1000, v.server.URL}}, read
	}
	lay(func([]byte) (int, error) { return 0, errors.New("the disk is gone") })
	wantWhole(t, c, keep(t, c, Request{URL: v.server.URL}, quick(nil)), body, 0)
	lay(func([]byte) (int, error) { return 0, io.EOF })
	wantWhole(t, c, keep(t, c, Request{URL: v.server.URL}, quick(nil)), body, 0)
	wantAsked(t, v, "", "")

	ctx, cancel := context.WithCancel(t.Context())
	lay(func(p []byte) (int, error) { cancel(); return 1, nil })
	var shelf shelf
	_, err := Run(ctx, byHand(Request{URL: v.server.URL, Path: "x"}), &shelf, quick(func(o *Options) { o.BodyStore = c }))
	if err == nil || shelf.kinds() != "canceled" || len(c.parts) != 1 || c.lent != 0 {
		t.Errorf("%s, %d parts are left, %d not let go of, %v", shelf.kinds(), len(c.parts), c.lent, err)
	}
	wantAsked(t, v)
}

// TestCanceledBodiesAreKept: what a run was stopped in, the next one continues.
func TestCanceledBodiesAreKept(t *testing.T) {
	body := wine(100_000)
	v, c, over := newVintner(t, body), newMemoryStore(), make(chan struct{})
	stops := true
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if !stops {
			v.ServeHTTP(w, r)
			return
		}
		stops = false
		w.Header().Set("ETag", `"first"`)
		w.Header().Set("Content-Length", "100000")
		_, _ = io.WriteString(w, body[:5000])
		_ = http.NewResponseController(w).Flush()
		<-over
	})
	ctx, cancel := context.WithCancel(t.Context())
	c.wrote = func(all int) {
		if all == 5000 {
			cancel()
		}
	}
	var shelf shelf
	_, err := Run(ctx, byHand(Request{URL: url, Path: "x"}), &shelf, quick(func(o *Options) { o.BodyStore = c }))
	close(over)
	if err == nil || shelf.kinds() != "canceled" || c.parts["x"] == nil || c.parts["x"].bytes != body[:5000] {
		t.Fatalf("%s, %v, kept %v", shelf.kinds(), err, c.parts["x"] != nil)
	}
	wantWhole(t, c, keep(t, c, Request{URL: url}, quick(nil)), body, 5000)
}
