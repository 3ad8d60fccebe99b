package fetch

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
)

// keptRecord is a Record as its Sink has got it, and what was in it then.
type keptRecord struct {
	record *Record
	state  string
}

// stateOf returns what a Record says of its exchange.
func stateOf(r *Record) string {
	return fmt.Sprint(r.Seq, r.Request.URL, r.Status, string(r.Body), r.Header, r.Failure, string(r.FailureBody),
		r.Redirects, r.FinalURL, r.Attempts, r.Request.Meta)
}

// giveBackSink checks each Record, and then keeps it or gives it back.
type giveBackSink struct {
	t         *testing.T
	givesBack bool
	kept      []keptRecord
	seen      map[*Record]bool
	again     int // Records in memory that another has had
}

func (*giveBackSink) Encode(*Record)   {}
func (*giveBackSink) Flush(bool) error { return nil }

func (s *giveBackSink) Put(r *Record) error {
	state := stateOf(r)
	if s.seen[r] {
		s.again++
	}
	s.seen[r] = true
	if want := stateOf(wantedRecord(r)); state != want {
		s.t.Errorf("%s, want %s", state, want)
	}
	if s.givesBack {
		r.ReleaseBody()
		r.GiveBack()
	} else {
		s.kept = append(s.kept, keptRecord{r, state})
	}
	return nil
}

// wantedRecord returns what a Record has to be by its Request and its Failure.
func wantedRecord(r *Record) *Record {
	want := &Record{Seq: r.Seq, Request: r.Request, Attempts: 1, Status: 200, Header: r.Header}
	switch {
	case r.Seq%5 == 1:
		want.Status, want.Failure, want.FailureBody = 404, r.Failure, []byte("missing")
		if r.Failure == nil {
			want.Failure = new(Failure)
		}
	case r.Seq%5 == 3:
		want.Redirects, want.FinalURL, want.Body = 1, "http://a.test/0", []byte("body of /0")
	default:
		want.Body = []byte("body of /" + fmt.Sprint(r.Seq))
	}
	return want
}

// TestRecordsGivenBack checks that the memory of a Record is used for another one only where the Sink has given it
// back, and that nothing of the one before is in it then.
func TestRecordsGivenBack(t *testing.T) {
	const n = 2000
	for _, givesBack := range []bool{false, true} {
		t.Run(fmt.Sprint("gives back ", givesBack), func(t *testing.T) {
			client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
				seq := strings.TrimPrefix(r.URL.Path, "/")
				response := &http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: -1,
					Header: http.Header{"X-Path": {seq}}, Body: io.NopCloser(strings.NewReader("body of " + r.URL.Path))}
				switch last := seq[len(seq)-1]; {
				case last == '1' || last == '6':
					response.StatusCode, response.Body = 404, io.NopCloser(strings.NewReader("missing"))
				case last == '3' || last == '8':
					response.StatusCode = 302
					response.Header.Set("Location", "/0")
				}
				return response, nil
			})
			sink := &giveBackSink{t: t, givesBack: givesBack, seen: make(map[*Record]bool)}
			o := options(func(o *Options) { o.FailureBody = 100 })
			if _, err := runWithClient(t.Context(), urls(n, "http://a.test"), sink, o, client); err != nil {
				t.Fatal(err)
			}
			if givesBack != (sink.again > 0) {
				t.Errorf("%d of %d Records were in the memory of another", sink.again, n)
			}
			for _, kept := range sink.kept {
				if now := stateOf(kept.record); now != kept.state {
					t.Fatalf("a Record that was kept has become %s, was %s", now, kept.state)
				}
			}
		})
	}
}

// laterSink gives Records back in a goroutine of its own, some of them after Put has returned.
type laterSink struct {
	records chan *Record
	done    sync.WaitGroup
}

func newLaterSink() *laterSink {
	s := &laterSink{records: make(chan *Record, 10)}
	s.done.Go(func() {
		for r := range s.records {
			r.ReleaseBody()
			r.GiveBack()
		}
	})
	return s
}

func (*laterSink) Encode(*Record) {}

func (s *laterSink) Put(r *Record) error {
	s.records <- r
	return nil
}

func (s *laterSink) Flush(last bool) error {
	if last {
		close(s.records)
		s.done.Wait()
	}
	return nil
}

// TestRecordsGivenBackLater: a Sink may give a Record back when it likes: the race detector sees no fault.
func TestRecordsGivenBackLater(t *testing.T) {
	client := fakeOrigin(func(*http.Request) (*http.Response, error) { return newResponse(200, "body"), nil })
	s, err := runWithClient(t.Context(), urls(2000, "http://a.test"), newLaterSink(), options(nil), client)
	if err != nil || s.Succeeded != 2000 {
		t.Errorf("%d succeeded, error %v", s.Succeeded, err)
	}
}
