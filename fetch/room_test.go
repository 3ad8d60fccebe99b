package fetch

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/spool/spooltest"
)

// largeOrigin responds with a body of 2,000 bytes after a second, and a small one at /small; the size is not announced
// where unknown is true.
func largeOrigin(unknown bool) fakeOrigin {
	return func(r *http.Request) (*http.Response, error) {
		select {
		case <-time.After(time.Second):
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
		if strings.Contains(r.URL.Path, "small") {
			return newResponse(200, "ok"), nil
		}
		resp := newResponse(200, strings.Repeat("x", 2000))
		if unknown {
			resp.ContentLength = -1
		}
		return resp, nil
	}
}

// TestBodiesWaitForRoom: bodies for which there is no room wait until others are written, and are then requested once
// more, whatever is known of their size; those that need no file go on meanwhile.
func TestBodiesWaitForRoom(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	for _, unknown := range []bool{false, true} {
		t.Run(fmt.Sprintf("unknown %t", unknown), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var lines []string
				for i := range 20 {
					lines = append(lines, fmt.Sprintf("http://a.test/%d", i), fmt.Sprintf("http://a.test/small/%d", i))
				}
				sink := new(slowHolder)
				o := options(func(o *Options) {
					o.BodyMemory, o.TempSpace, o.Concurrency, o.HostConcurrency = 1000, spool.NewSpace(10_000), 40, 40
				})
				s, err := runWithClient(t.Context(), linesOf(lines...), sink, o, largeOrigin(unknown))
				if err != nil || s.Succeeded != 40 || s.Retries != 0 || s.Exchanges > 40+2*20 || s.Exchanges < 45 {
					t.Errorf("%+v, %v", s, err)
				}
				if sink.slowest > 2*time.Second {
					t.Errorf("a small body took %s", sink.slowest)
				}
				if !o.TempSpace.HasRoom(spool.Claim{Size: 4000}, 600) {
					t.Error("room is taken at the end")
				}
			})
		})
	}
}

// slowHolder is a slow Sink that keeps bodies until they are written.
type slowHolder struct{ slowest time.Duration } // of the small ones

func (*slowHolder) Encode(*Record) {}

func (*slowHolder) Flush(bool) error { return nil }

func (s *slowHolder) Put(r *Record) error {
	defer r.Discard()
	if r.Bytes > 1000 {
		time.Sleep(700 * time.Millisecond)
	} else if r.Failure == nil {
		s.slowest = max(s.slowest, r.Elapsed)
	}
	return nil
}

// TestStoppedWhileBodiesWaitForRoom: Tasks that wait for room when a run is stopped are counted, and none is lost.
func TestStoppedWhileBodiesWaitForRoom(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	for _, way := range []string{"deadline", "drain", "cancel", "failures"} {
		t.Run(way, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				drain := make(chan struct{})
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				o := options(func(o *Options) {
					o.BodyMemory, o.TempSpace, o.Concurrency, o.HostConcurrency = 1000, spool.NewSpace(5000), 20, 20
					o.Drain = drain
					switch way {
					case "deadline":
						o.Deadline = 3500 * time.Millisecond
					case "drain":
						time.AfterFunc(3500*time.Millisecond, func() { close(drain) })
					case "cancel":
						time.AfterFunc(3500*time.Millisecond, cancel)
					case "failures":
						o.MaxFailures = 0
					}
				})
				lines := []string{"http://a.test/1"}
				for i := range 20 {
					lines = append(lines, fmt.Sprintf("http://a.test/%d", i+2))
				}
				origin, begun := largeOrigin(false), time.Now()
				var failing atomic.Bool // the first exchange is under way, which fails
				client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
					if time.Since(begun) > 4100*time.Millisecond {
						t.Error("an exchange has begun after the end of the run")
					}
					if way == "failures" && failing.CompareAndSwap(false, true) {
						time.Sleep(4 * time.Second)
						return newResponse(404, ""), nil
					}
					return origin(r)
				})
				s, _ := runWithClient(ctx, linesOf(lines...), new(slowHolder), o, client)
				if s.Complete || s.Total != 21 || s.Succeeded+s.Failed+s.NotStarted != 21 || s.Succeeded == 0 ||
					s.ByKind[failure.Canceled] == 0 {
					t.Errorf("%+v", s)
				}
			})
		})
	}
}

// fullDisk is a Sink that finds the disk full for its first lines.
type fullDisk struct {
	recorder
	times int
}

func (s *fullDisk) Encode(r *Record) {
	if r.Failure == nil && r.Spool != nil {
		if s.times--; s.times >= 0 {
			r.LineErr = &spool.Error{Dir: "/tmp", Err: syscall.ENOSPC}
		}
	}
}

// TestFullDiskEndsNoRun: a line for which there is no room on the disk is a failure of kind io of its Request, which is
// made again after a while where its method allows it.
func TestFullDiskEndsNoRun(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	for _, tt := range []struct {
		name, line string
		times      int
		exchanges  int64
		want       failure.Kind
	}{
		{"for a moment", "http://a.test/1", 2, 3, ""},
		{"for as long as it is tried", "http://a.test/1", 1 << 30, 21, failure.IO},
		{"for a POST", `{"url":"http://a.test/1","method":"POST"}`, 1 << 30, 1, failure.IO},
		{"for none", "http://a.test/1", 0, 1, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sink := &fullDisk{times: tt.times}
				o := options(func(o *Options) { o.BodyMemory, o.Concurrency, o.TempSpace = 1000, 1, spool.NewSpace(1<<20) })
				s, err := runWithClient(t.Context(), linesOf(tt.line, "http://a.test/small"), sink, o, largeOrigin(false))
				if err != nil || s.Total != 2 || s.Failed > 0 != (tt.want != "") || s.ByKind[tt.want] != s.Failed ||
					s.Exchanges != tt.exchanges+1 || !s.Complete {
					t.Errorf("%+v, %v", s, err)
				}
				if tt.exchanges > 20 && s.LimitedBy != LimitOutput { // and not a pause of the host
					t.Errorf("limited by %s of %s", s.LimitedBy, s.LimitedHost)
				}
				for _, r := range sink.records {
					if r.Request.URL == "http://a.test/1" && (kindOf(r) != tt.want || r.Attempts != 1) {
						t.Errorf("%v after %d attempts", r.Failure, r.Attempts)
					}
					r.Discard()
				}
			})
		})
	}
}
