package fetch

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/transport"
)

// An origin answers in place of the network, so that time may be virtual.
type origin func(*http.Request) (*http.Response, error)

// RoundTrip is http.RoundTripper's.
func (o origin) RoundTrip(r *http.Request) (*http.Response, error) { return o(r) }

// runOver is Run over one client for all.
func runOver(ctx context.Context, source Source, sink Sink, o *Options, client http.RoundTripper) (Summary, error) {
	return runWith(ctx, source, sink, o, transport.Over(transport.OverClient(client)))
}

// reply is an answer with headers, name and value in turn.
func reply(code int, body string, headers ...string) *http.Response {
	h := make(http.Header)
	for i := 0; i < len(headers); i += 2 {
		h.Add(headers[i], headers[i+1])
	}
	return &http.Response{StatusCode: code, Proto: "HTTP/1.1", Header: h, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(body))}
}

// taking answers 200 after a time, unless the exchange is cancelled before.
func taking(span time.Duration) origin {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(span):
			return reply(200, "ok"), nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// A shelf is a Sink that keeps every Record, and counts on being called by one goroutine only.
type shelf struct {
	records []*Record
	bodies  []string
	flushed bool
}

func (s *shelf) Encode(*Record) {}

func (s *shelf) Put(r *Record) error {
	s.records = append(s.records, r)
	s.bodies = append(s.bodies, string(r.Body))
	r.ReleaseBody()
	return nil
}

func (s *shelf) Flush(last bool) error {
	s.flushed = s.flushed || last
	return nil
}

// kinds says what became of each Request, in the order of the input.
func (s *shelf) kinds() string {
	records := slices.Clone(s.records)
	slices.SortFunc(records, func(a, b *Record) int { return int(a.Seq - b.Seq) })
	var words []string
	for _, r := range records {
		word := "ok"
		if r.Failure != nil {
			word = string(r.Failure.Kind)
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

// urls is n URLs, spread over hosts.
func urls(n int, hosts ...string) Source {
	return func(yield func(Request, error) bool) {
		for i := range n {
			r := Request{Index: int64(i), URL: fmt.Sprintf("%s/%d", hosts[i%len(hosts)], i), Line: int64(i) + 1}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// wantSum makes sure that nothing was lost or counted twice.
func wantSum(t *testing.T, s Summary, records int) {
	t.Helper()
	if s.Total != s.Succeeded+s.Failed+s.Skipped+s.NotStarted || int64(records) != s.Succeeded+s.Failed {
		t.Errorf("%d records of %+v", records, s)
	}
}
