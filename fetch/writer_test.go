package fetch

import (
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// orderedSink is a Sink that passes Records on in input order only, as an ordered output does.
type orderedSink struct {
	recorder
	waiting map[int64]*Record
	next    int64
	held    atomic.Int64
	awaited atomic.Int64
	most    int64
}

func (q *orderedSink) Held() int      { return int(q.held.Load()) }
func (q *orderedSink) Awaited() int64 { return q.awaited.Load() }

func (q *orderedSink) Put(r *Record) error {
	q.waiting[r.Seq] = r
	for q.waiting[q.next] != nil {
		if err := q.recorder.Put(q.waiting[q.next]); err != nil {
			return err
		}
		delete(q.waiting, q.next)
		q.next++
	}
	q.held.Store(int64(len(q.waiting)))
	q.awaited.Store(q.next)
	q.most = max(q.most, int64(len(q.waiting)))
	return nil
}

// TestHeldRecordsAreBounded checks that one slow page holds back no more Records than the look-ahead allows.
func TestHeldRecordsAreBounded(t *testing.T) {
	for _, window := range []int{1, 2, 30} {
		synctest.Test(t, func(t *testing.T) {
			client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "7") {
					return respondAfter(time.Minute)(r)
				}
				return respondAfter(time.Second)(r)
			})
			sink := &orderedSink{waiting: map[int64]*Record{}}
			s, err := runWithClient(t.Context(), urls(200, "http://a.test", "http://b.test"), sink,
				options(func(o *Options) { o.Lookahead = window }), client)
			if err != nil || s.Succeeded != 200 || len(sink.waiting) != 0 {
				t.Fatalf("%+v, %v", s, err)
			}
			if sink.most >= int64(window)+1 {
				t.Errorf("held %d Records in a window of %d", sink.most, window)
			}
			if !slices.IsSortedFunc(sink.records, func(a, b *Record) int { return int(a.Seq - b.Seq) }) {
				t.Error("out of order")
			}
		})
	}
}

// flushRecorder is a Sink that records the times of its flushes.
type flushRecorder struct {
	recorder
	flushes []time.Duration
	last    int
	began   time.Time
}

func (b *flushRecorder) Flush(last bool) error {
	b.flushes = append(b.flushes, time.Since(b.began))
	if last {
		b.last++
	}
	return nil
}

// TestRecordsAreFlushedInTime checks that a Record is flushed if no other follows it, and that the last flush comes
// once.
func TestRecordsAreFlushedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &flushRecorder{began: time.Now()}
		o := options(func(o *Options) { o.HostRate = 0.1 })
		if _, err := runWithClient(t.Context(), urls(3, "http://a.test"), sink, o, respondAfter(0)); err != nil {
			t.Fatal(err)
		}
		for i, at := range sink.flushes[:2] {
			if late := at - time.Duration(i)*10*time.Second; late > time.Second {
				t.Errorf("the Record of second %d is written out after %s", i*10, at)
			}
		}
		if sink.last != 1 {
			t.Errorf("the last flush comes %d times", sink.last)
		}
	})
}

// TestLargeRecords checks that large Records, which have a queue of their own, are all written.
func TestLargeRecords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "0") {
				return newResponse(200, strings.Repeat("x", 2*largeRecord)), nil
			}
			return newResponse(200, "x"), nil
		})
		var sink recorder
		s, err := runWithClient(t.Context(), urls(100, "http://a.test"), &sink, options(nil), client)
		if err != nil || len(sink.records) != 100 || s.Bytes != 10*2*largeRecord+90 {
			t.Errorf("%d records, %+v, %v", len(sink.records), s, err)
		}
	})
}

func TestSinkFuncLendsTheBody(t *testing.T) {
	boom := errors.New("boom")
	r := &Record{Body: []byte("x")}
	if err := SinkFunc(func(*Record) error { return boom }).Put(r); err != boom || r.Body != nil {
		t.Errorf("got %v, body %q", err, r.Body)
	}
}

// putTimes is a Sink that records when each Record was put.
type putTimes struct {
	SinkFunc
	began time.Time
	puts  map[time.Duration]int // by the time since began
}

// newPutTimes returns a putTimes that counts from now on.
func newPutTimes() *putTimes {
	s := &putTimes{began: time.Now(), puts: map[time.Duration]int{}}
	s.SinkFunc = func(*Record) error { s.puts[time.Since(s.began)]++; return nil }
	return s
}

// TestRecordsAreTakenInBatches checks that the writer takes Records that come quickly once each batchPause, those of
// the beginning and lonely ones at once, and that the end of the run waits for no batch.
func TestRecordsAreTakenInBatches(t *testing.T) {
	for _, tt := range []struct {
		name    string
		commits bool
		want    map[time.Duration]int
	}{
		{"many", false, map[time.Duration]int{
			0: inBatchesFrom, batchPause: 100 - inBatchesFrom, 10 * time.Millisecond: 1,
			20 * time.Millisecond: inBatchesFrom, 20*time.Millisecond + batchPause/2: 40 - inBatchesFrom,
		}},
		{"many that are committed", true, map[time.Duration]int{
			0: 100, 10 * time.Millisecond: 1, 20 * time.Millisecond: 40,
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := newPutTimes()
				o := options(func(o *Options) { o.Concurrency = 1000 })
				if tt.commits {
					o.Committed = func() int64 { return 0 }
				}
				p := newPipeline(o, sink, nil)
				over := make(chan struct{})
				ended := make(chan struct{})
				go func() {
					p.writer(over).write()
					close(ended)
				}()
				for at, n := range map[time.Duration]int{0: 100, 10 * time.Millisecond: 1, 20 * time.Millisecond: 40} {
					time.AfterFunc(at, func() {
						for range n {
							p.records <- new(Record)
						}
					})
				}
				time.Sleep(20*time.Millisecond + batchPause/2)
				close(over)
				synctest.Wait()
				close(p.records)
				<-ended
				if !maps.Equal(sink.puts, tt.want) {
					t.Errorf("records are put at %v, want %v", sink.puts, tt.want)
				}
			})
		})
	}
}
