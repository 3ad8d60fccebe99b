package fetch

import (
	"slices"
	"strings"
	"testing"
	"time"

	"batchfetch/fetch/failure"
)

// ampleLimit is a limit of time of an exchange that has something to do before it meets the limit: on a machine that is
// busy, or stands still for seconds, it does so, too.
const ampleLimit = 5 * time.Second

// runOne runs one input line over a real socket and returns its Record and body.
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

// kindOf returns the kind of a Record's failure. Empty is a success.
func kindOf(r *Record) failure.Kind {
	if r.Failure == nil {
		return ""
	}
	return r.Failure.Kind
}

// failureText returns the message of a Record's failure. Empty is a success.
func failureText(r *Record) string {
	if r.Failure == nil {
		return ""
	}
	return r.Failure.Error()
}

// recorder is a Sink that keeps every Record. It has no lock, because a run calls Put from one goroutine.
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

// kinds returns the outcome of each Request, ok or the kind of its failure, in the order of the input.
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

// wantSum checks that every Request is counted once.
func wantSum(t *testing.T, s Summary, records int) {
	t.Helper()
	if s.Total != s.Succeeded+s.Failed+s.Skipped+s.NotStarted || int64(records) != s.Succeeded+s.Failed {
		t.Errorf("%d records of %+v", records, s)
	}
}
