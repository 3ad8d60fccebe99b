package fetch

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/coding/codingtest"
	"batchfetch/fetch/transport"
)

// A seenRecord is what a test compares of a Record.
type seenRecord struct {
	Status, Redirects                      int
	Protocol, ContentType, ContentEncoding string
	FinalURL, Why, Body, FailureBody       string
	Bytes, WireBytes                       int64
	SHA256                                 [32]byte
	Hashed, HasBody                        bool
	Header                                 http.Header
}

func seen(r *Record, body string) seenRecord {
	delete(r.Header, "Date")
	return seenRecord{r.Status, r.Redirects, r.Protocol, r.ContentType, r.ContentEncoding, r.FinalURL, failureText(r),
		body, string(r.FailureBody), r.Bytes, r.WireBytes, r.SHA256, r.Hashed, r.HasBody, r.Header}
}

// respondVaried responds to each of variedPaths in its own way.
func respondVaried(gzipped string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/plain":
			w.Header().Set("X-Plain", "yes")
			_, _ = io.WriteString(w, `{"a":1}`)
		case "/chunked":
			_, _ = io.WriteString(w, "one ")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "two")
		case "/coded":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, gzipped)
		case "/left":
			w.Header().Set("Content-Encoding", "of-our-own")
			_, _ = io.WriteString(w, "coded")
		case "/digest":
			w.Header().Set("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==")
			_, _ = io.WriteString(w, "not that")
		case "/none":
			w.WriteHeader(http.StatusNoContent)
		case "/missing":
			http.Error(w, strings.Repeat("no ", 100), http.StatusNotFound)
		case "/moved":
			http.Redirect(w, r, "/plain", http.StatusFound)
		case "/large":
			_, _ = io.WriteString(w, strings.Repeat("x", 300<<10))
		case "/torn":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "torn")
			panic(http.ErrAbortHandler)
		}
	}
}

var variedPaths = []string{"/plain", "/chunked", "/coded", "/left", "/digest", "/none", "/missing", "/moved", "/large",
	"/torn"}

// TestCallsAreUsedAgain: whatever the exchange before was, whose Call another one has, its Record is that of one with a
// new Call.
func TestCallsAreUsedAgain(t *testing.T) {
	server := httptest.NewUnstartedServer(respondVaried(codingtest.Encode(t, sampleText, "gzip")))
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetHTTP1(true)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	defer server.Close()
	for _, version := range []transport.Version{transport.HTTP1, transport.HTTP2} {
		for _, keeps := range []bool{false, true} {
			o := noRetryOptions(func(o *Options) {
				o.HTTP, o.Concurrency, o.KeepHeader, o.FailureBody = version, 1, keeps, 50
				o.StallTimeout = time.Minute
			})
			want := make(map[string]seenRecord)
			for _, path := range variedPaths {
				want[path] = seen(runOne(t, server.URL+path, o))
			}
			var requests []Request
			for _, first := range variedPaths {
				for _, then := range variedPaths {
					requests = append(requests, Request{URL: server.URL + first}, Request{URL: server.URL + then})
				}
			}
			var sink recorder
			if _, err := Run(t.Context(), sourceOf(requests...), &sink, o); err != nil {
				t.Fatal(err)
			}
			for i, r := range sink.records {
				path := strings.TrimPrefix(r.Request.URL, server.URL)
				if got := seen(r, sink.bodies[i]); !reflect.DeepEqual(got, want[path]) {
					t.Errorf("%s, record %d of %s: %+v\nwant %+v", version, i, path, got, want[path])
				}
			}
			if len(sink.records) != len(requests) {
				t.Error(fmt.Sprint(len(sink.records), " records"))
			}
		}
	}
}
