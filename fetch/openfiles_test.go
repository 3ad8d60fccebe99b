package fetch

import (
	"context"
	"crypto/sha256"
	"net"
	"os"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/judge"
	"batchfetch/fetch/spool"
)

// errTooManyFiles is the error of an open where the process has no file descriptor left.
var errTooManyFiles = &os.PathError{Op: "open", Path: "body", Err: syscall.EMFILE}

// TestOutOfFilesIsNoDiskError checks that too many open files are a failure of one body, which is restarted, and not an
// error of the disk that ends the run.
func TestOutOfFilesIsNoDiskError(t *testing.T) {
	for _, failure := range []*failure.Failure{
		{Kind: failure.IO, Err: &storeError{errTooManyFiles}}, {Kind: failure.IO,
			Err: &spool.Error{Dir: "/tmp", Err: syscall.ENFILE}},
	} {
		if a := (judge.Answer{Failure: failure}); !a.IsOutOfFiles() || storageErrorOf(failure) != nil {
			t.Errorf("%v: breaks the run with %v", failure, storageErrorOf(failure))
		}
		v := judge.Judge(&newTargeter(options(nil)).policy, judge.Trial{Method: "GET", Attempts: 1},
			judge.Answer{Failure: failure}, noon, 0.5)
		if v.Fate != judge.Restart || v.Failure != failure {
			t.Errorf("%v: %+v", failure, v)
		}
	}
}

// outOfFiles is a BodyStore and Sink that can open no file the first few times.
type outOfFiles struct {
	recorder
	times int
}

func (*outOfFiles) Claim(*Request) error { return nil }

func (s *outOfFiles) Create(*Request) (BodyWriter, error) {
	if s.times--; s.times >= 0 {
		return nil, errTooManyFiles
	}
	return discardWriter{}, nil
}

func (s *outOfFiles) Encode(r *Record) {
	if r.Failure == nil {
		if s.times--; s.times >= 0 {
			r.LineErr = errTooManyFiles
		}
	}
}

// discardWriter is a BodyWriter that discards the body.
type discardWriter struct{}

func (discardWriter) Write(p []byte) (int, error)                  { return len(p), nil }
func (discardWriter) Commit(sum [sha256.Size]byte) (string, error) { return "saved", nil }
func (discardWriter) Abandon()                                     {}

// TestOutOfFilesEndsNoRun checks that a run goes on if a body or a line finds no free file descriptor.
func TestOutOfFilesEndsNoRun(t *testing.T) {
	url := startServer(t, respondProtocol)
	for _, tt := range []struct {
		name, line             string
		bodyErrors, lineErrors int // how often the file of a body, and of a line, can't be opened
		want                   failure.Kind
	}{
		{"a body's file", url, 1, 0, ""},
		{"a body's file, of a POST", `{"url":"` + url + `","method":"POST"}`, 1, 0, failure.IO},
		{"a line's file", url, 0, 1, ""},
		{"a line's file, twice", url, 0, 2, failure.IO},
	} {
		store, sink := &outOfFiles{times: tt.bodyErrors}, &outOfFiles{times: tt.lineErrors}
		s, err := Run(t.Context(), linesOf(tt.line, url), sink, noRetryOptions(func(o *Options) {
			if o.Concurrency = 1; tt.bodyErrors > 0 {
				o.BodyStore = store
			}
		}))
		if err != nil || len(sink.records) != 2 {
			t.Fatalf("%s: %d records, %v", tt.name, len(sink.records), err)
		}
		r := sink.records[0]
		if kindOf(r) != tt.want || r.Attempts != 1 || s.Succeeded+s.Failed != 2 || s.Failed > 0 != (tt.want != "") ||
			s.ByKind[failure.IO] != s.Failed {
			t.Errorf("%s: %v after %d attempts, %+v", tt.name, r.Failure, r.Attempts, s)
		}
	}
}

// TestLookupWaitsForAFile checks that a DNS lookup that can open no socket waits for one, also beyond the limit of time
// for a connection, and is no failure of kind dns: no attempt is spent.
func TestLookupWaitsForAFile(t *testing.T) {
	port := strings.TrimPrefix(startServer(t, respondProtocol), "http://127.0.0.1:")
	for _, times := range []int{3, 20} {
		n := testNetwork(t, map[string][][]string{"a.test": {{"127.0.0.1"}}})
		ask, left := n.Dialer.Resolver.Dial, atomic.Int64{}
		left.Store(int64(times))
		n.Dialer.Resolver.Dial = func(ctx context.Context, network, addr string) (net.Conn, error) {
			if left.Add(-1) >= 0 {
				return nil, &net.OpError{Op: "dial", Err: os.NewSyscallError("socket", syscall.EMFILE)}
			}
			return ask(ctx, network, addr)
		}
		o := noRetryOptions(nil)
		o.ConnectTimeout = 100 * time.Millisecond
		warned := 0
		o.WarnShortage = func(why error) {
			if warned++; !strings.Contains(why.Error(), "too many open files") {
				t.Error(why)
			}
		}
		r := runIn(t, o, n, "http://a.test:"+port).records[0]
		if r.Failure != nil || r.Attempts != 1 || warned > 1 || times == 20 && warned == 0 {
			t.Errorf("%d times: %d attempts, %d warnings: %v", times, r.Attempts, warned, r.Failure)
		}
	}
}
