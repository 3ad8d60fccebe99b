package fetch

import (
	"bytes"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A queueing Sink lets Records go in order only, as an ordered output does.
type queueing struct {
	shelf
	kept map[int64]*Record
	next int64
	held atomic.Int64
	most int64
}

func (q *queueing) Held() int { return int(q.held.Load()) }

func (q *queueing) Put(r *Record) error {
	q.kept[r.Seq] = r
	for q.kept[q.next] != nil {
		if err := q.shelf.Put(q.kept[q.next]); err != nil {
			return err
		}
		delete(q.kept, q.next)
		q.next++
	}
	q.held.Store(int64(len(q.kept)))
	q.most = max(q.most, int64(len(q.kept)))
	return nil
}

// TestHolderIsBounded: one slow page holds back the Records behind it, and the look-ahead window bounds how many.
func TestHolderIsBounded(t *testing.T) {
	for _, window := range []int{1, 2, 30} {
		synctest.Test(t, func(t *testing.T) {
			client := origin(func(r *http.Request) (*http.Response, error) {
				if strings.HasSuffix(r.URL.Path, "7") {
					return taking(time.Minute)(r)
				}
				return taking(time.Second)(r)
			})
			sink := &queueing{kept: map[int64]*Record{}}
			s, err := runOver(t.Context(), urls(200, "http://a.test", "http://b.test"), sink, options(func(o *Options) { o.Lookahead = window }), client)
			if err != nil || s.Succeeded != 200 || len(sink.kept) != 0 {
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

// A buffered Sink tells when it was asked to write out.
type buffered struct {
	shelf
	flushes []time.Duration
	last    int
	began   time.Time
}

func (b *buffered) Flush(last bool) error {
	b.flushes = append(b.flushes, time.Since(b.began))
	if last {
		b.last++
	}
	return nil
}

// TestRecordsDoNotLieInABuffer: a Record is written out when nothing follows it, and everything at the end, once.
func TestRecordsDoNotLieInABuffer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sink := &buffered{began: time.Now()}
		o := options(func(o *Options) { o.HostRate = 0.1 })
		if _, err := runOver(t.Context(), urls(3, "http://a.test"), sink, o, taking(0)); err != nil {
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

// TestLargeRecordsArriveToo: they take a way of their own to the writer.
func TestLargeRecordsArriveToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client := origin(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "0") {
				return reply(200, strings.Repeat("x", 2*largeLine)), nil
			}
			return reply(200, "x"), nil
		})
		var shelf shelf
		s, err := runOver(t.Context(), urls(100, "http://a.test"), &shelf, options(nil), client)
		if err != nil || len(shelf.records) != 100 || s.Bytes != 10*2*largeLine+90 {
			t.Errorf("%d records, %+v, %v", len(shelf.records), s, err)
		}
	})
}

// TestLimitedByOutput: a slow Sink is what holds the run up, however large the Records are that wait for it.
func TestLimitedByOutput(t *testing.T) {
	for name, body := range map[string]string{"small": "x", "large": strings.Repeat("x", 2*largeLine)} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := SinkFunc(func(*Record) error { time.Sleep(100 * time.Millisecond); return nil })
				client := origin(func(*http.Request) (*http.Response, error) {
					time.Sleep(time.Millisecond)
					return reply(200, body), nil
				})
				s, err := runOver(t.Context(), urls(600, "http://a.test"), sink, options(nil), client)
				if err != nil || s.LimitedBy != LimitOutput {
					t.Errorf("limited by %s of %v, %v", s.LimitedBy, s.LimitedFor, err)
				}
			})
		})
	}
}

// TestLog: every attempt at debug level, a slow one as a warning, and no secret in either.
func TestLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		asked := 0
		client := origin(func(r *http.Request) (*http.Response, error) {
			if asked++; asked == 1 {
				return reply(503, "", "Retry-After", "1"), nil
			}
			return taking(3 * time.Second)(r)
		})
		o := options(func(o *Options) {
			o.Slow = 2 * time.Second
			o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
			o.Concurrency = 1
		})
		if _, err := runOver(t.Context(), linesOf("http://user:hunter2@a.test/"), &shelf{}, o, client); err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 || strings.Contains(log.String(), "hunter2") {
			t.Fatalf("got %s", log.String())
		}
		for i, words := range [][]string{
			{"level=DEBUG msg=exchange", "url=http://***@a.test/", "attempt=1", "then=retry", "status=503", `kind=status`, "delay_ms="},
			{`level=WARN msg="slow exchange"`, "attempt=2", "then=final", "status=200", "elapsed_ms=3000"},
		} {
			for _, word := range words {
				if !strings.Contains(lines[i], word) {
					t.Errorf("%q is not in %s", word, lines[i])
				}
			}
		}
	})
}

func TestLiveCounts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		live := new(Live)
		o := options(func(o *Options) { o.Live, o.Retries = live, 2 })
		client := origin(func(*http.Request) (*http.Response, error) { return reply(500, ""), nil })
		s, err := runOver(t.Context(), urls(2, "http://a.test"), &shelf{}, o, client)
		if err != nil || live.Exchanges.Load() != s.Exchanges || live.Retries.Load() != 4 {
			t.Errorf("%d exchanges, %d retries of %+v", live.Exchanges.Load(), live.Retries.Load(), s)
		}
	})
}
