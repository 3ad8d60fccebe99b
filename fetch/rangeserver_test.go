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

// numberedText is a body of n bytes in which no two places look alike.
func numberedText(n int) string {
	var text strings.Builder
	for i := 0; text.Len() < n; i++ {
		_, _ = fmt.Fprintf(&text, "%07x ", i*2654435761&0xfffffff) // memory takes everything
	}
	return text.String()[:n]
}

// A rangeServer serves a body by name, and can be made to stop in its middle. It notes what it is asked for.
type rangeServer struct {
	mu     sync.Mutex
	body   string
	tag    string
	cuts   []int // after how many bytes of a body the next answers end
	ranges []string
	server *httptest.Server
}

func newRangeServer(t testing.TB, body string, cuts ...int) *rangeServer {
	t.Helper()
	s := &rangeServer{body: body, tag: `"first"`, cuts: cuts}
	s.server = httptest.NewUnstartedServer(s)
	s.server.Config.ErrorLog = silentLogger()
	t.Cleanup(s.server.Close)
	return s
}

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

// takeRanges returns the ranges asked for, each with its If-Range, and forgets them.
func (s *rangeServer) takeRanges() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.ranges
	s.ranges = nil
	return all
}

// A cutWriter ends an answer after so many bytes of its body.
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

func wantRanges(t *testing.T, s *rangeServer, want ...string) {
	t.Helper()
	if got := s.takeRanges(); !slices.Equal(got, want) {
		t.Errorf("asked for %q, want %q", got, want)
	}
}
