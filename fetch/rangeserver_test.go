package fetch

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// numberedText returns a body of n bytes in which no two places are alike.
func numberedText(n int) string {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		_, _ = fmt.Fprintf(&text, "%07x ", i*2654435761&0xfffffff) // a Builder never fails
	}
	return text.String()[:n]
}

// rangeServer serves a body with ranges and an entity tag. It can be made to stop within the body, and records the
// ranges requested.
type rangeServer struct {
	mu     sync.Mutex
	body   string
	tag    string
	cuts   []int // after how many bytes of the body each of the next responses ends
	ranges []string
	server *httptest.Server
}

// newRangeServer returns a rangeServer that is not started. Its first responses end after so many bytes as cuts says.
func newRangeServer(t testing.TB, body string, cuts ...int) *rangeServer {
	t.Helper()
	s := &rangeServer{body: body, tag: `"first"`, cuts: cuts}
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ErrorLog = silentLogger()
	t.Cleanup(s.server.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *rangeServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.ranges = append(s.ranges, strings.TrimPrefix(r.Header.Get("Range")+" "+r.Header.Get("If-Range"), " "))
	cut := -1
	if len(s.cuts) > 0 {
		cut, s.cuts = s.cuts[0], s.cuts[1:]
	}
	body, tag := s.body, s.tag
	s.mu.Unlock()
	w.Header().Set("ETag", tag)
	if cut >= 0 {
		w = &cutWriter{w, cut}
	}
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(body))
}

// takeRanges returns the ranges requested since the last call, each with its If-Range.
func (s *rangeServer) takeRanges() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.ranges
	s.ranges = nil
	return all
}

// cutWriter aborts a response after left bytes of its body.
type cutWriter struct {
	http.ResponseWriter
	left int
}

func (f *cutWriter) Write(p []byte) (int, error) {
	if len(p) < f.left {
		f.left -= len(p)
		return f.ResponseWriter.Write(p)
	}
	_, _ = f.ResponseWriter.Write(p[:f.left])
	_ = http.NewResponseController(f.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// wantRanges compares the ranges requested since the last call.
func wantRanges(t *testing.T, s *rangeServer, want ...string) {
	t.Helper()
	if got := s.takeRanges(); !slices.Equal(got, want) {
		t.Errorf("requested %q, want %q", got, want)
	}
}
