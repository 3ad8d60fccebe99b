package fetch

import (
	"slices"
	"strings"
	"testing"

	"batchfetch/fetch/failure"
)

// runOne runs one request over a real socket.
func runOne(t testing.TB, line string, o Options) (*Record, string) {
	t.Helper()
	var sink recorder
	if _, err := Run(t.Context(), linesOf(line), &sink, o); err != nil {
		t.Fatal(err)
	}
	if len(sink.records) != 1 {
		t.Fatalf("%d records", len(sink.records))
	}
	return sink.records[0], sink.bodies[0]
}

func kindOf(r *Record) failure.Kind {
	if r.Failure == nil {
		return ""
	}
	return r.Failure.Kind
}

func failureText(r *Record) string {
	if r.Failure == nil {
		return ""
	}
	return r.Failure.Error()
}

// A recorder is a Sink that keeps every Record, and counts on being called by one goroutine only.
type recorder struct {
	records []*Record
	bodies  []string
	flushed bool
}

func (s *recorder) Encode(*Record) {}

func (s *recorder) Put(r *Record) error {
	s.records = append(s.records, r)
	s.bodies = append(s.bodies, string(r.Body))
	r.ReleaseBody()
	return nil
}

func (s *recorder) Flush(last bool) error {
	s.flushed = s.flushed || last
	return nil
}

// kinds says what became of each Request, in the order of the input.
func (s *recorder) kinds() string {
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

// wantSum makes sure that nothing was lost or counted twice.
func wantSum(t *testing.T, s Summary, records int) {
	t.Helper()
	if s.Total != s.Succeeded+s.Failed+s.Skipped+s.NotStarted || int64(records) != s.Succeeded+s.Failed {
		t.Errorf("%d records of %+v", records, s)
	}
}
