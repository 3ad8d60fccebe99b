package fetch

import (
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/spool/spooltest"
)

// TestLongLinesAreBounded checks that before a slow writer each worker holds at most one long line, and the writer
// another.
func TestLongLinesAreBounded(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	synctest.Test(t, func(t *testing.T) {
		sink := &fileCountingSink{longLineSink: &longLineSink{}, t: t, most: 4}
		if _, err := runWithClient(t.Context(), urls(50, "http://a.test"), sink,
			options(func(o *Options) { o.Concurrency = 4 }), respondAfter(0)); err != nil {
			t.Error(err)
		}
	})
}

// fileCountingSink is a slow Sink that counts the open temporary files.
type fileCountingSink struct {
	*longLineSink
	t    *testing.T
	most int
}

func (s *fileCountingSink) Put(r *Record) error {
	time.Sleep(time.Second)
	if n := spooltest.OpenFiles(s.t); n > s.most+1 {
		s.t.Errorf("%d temporary files are open, want at most one for each worker and that of the writer", n)
	}
	return s.longLineSink.Put(r)
}

// TestNoTemporaryFileUnlessItHelps checks that no file is made for a body that is larger than both BodyMemory and
// MaxBody.
func TestNoTemporaryFileUnlessItHelps(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	synctest.Test(t, func(t *testing.T) {
		large := fakeOrigin(func(*http.Request) (*http.Response, error) {
			return newResponse(200, strings.Repeat("x", 2000)), nil
		})
		var sink recorder
		_, err := runWithClient(t.Context(), urls(1, "http://a.test"), &sink,
			options(func(o *Options) { o.BodyMemory, o.MaxBody = 1000, 1000 }), large)
		if err != nil || sink.kinds() != "too_large" {
			t.Errorf("%s, %v", sink.kinds(), err)
		}
	})
}

// TestTemporaryDirectoryThatBreaks checks that an error of the temporary directory ends the run as a broken output
// does, and names the directory.
func TestTemporaryDirectoryThatBreaks(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	synctest.Test(t, func(t *testing.T) {
		client := fakeOrigin(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			if r.URL.Path == "/3" {
				return newResponse(200, strings.Repeat("x", 2000)), nil
			}
			return newResponse(200, "x"), nil
		})
		var sink recorder
		o := options(func(o *Options) { o.BodyMemory, o.Concurrency = 1000, 2 })
		s, err := runWithClient(t.Context(), urls(100, "http://a.test"), &sink, o, client)
		var broken *OutputError
		var temporary *spool.Error
		if !errors.As(err, &broken) || !errors.As(err, &temporary) || temporary.Dir != missing || s.Stopped != StopOutput ||
			s.NotStarted < 90 {
			t.Errorf("%+v, %v", s, err)
		}
		for _, r := range sink.records {
			if broke := strings.HasSuffix(r.Request.URL, "/3"); broke != (kindOf(r) == failure.IO) || !broke &&
				r.Failure != nil && r.Failure.Kind != failure.Canceled {
				t.Errorf("%s: %v", r.Request.URL, r.Failure)
			}
		}
	})
}

// TestDiskThatFillsUp checks that a full disk within a body ends the run, whatever error the network has at the same
// time.
func TestDiskThatFillsUp(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	start := newBuffer()
	start.bytes = append(start.bytes, "start"...)
	body, err := newSpoolWriter(nil, spool.Claim{}, start)
	if err != nil {
		t.Fatal(err)
	}
	_ = body.spool.Close() // writes fail as on a full disk
	more, err := body.readFrom(strings.NewReader("the rest"), 100)
	var disk *spool.Error
	if broken := storageErrorOf(&failure.Failure{Kind: failure.Decode,
		Err: body.cause(failure.New(failure.Decode, "the body is not valid gzip"))}); broken == nil {
		t.Error("the disk is not to blame")
	}
	if more || !errors.As(err, &disk) || !errors.As(body.err, &disk) ||
		storageErrorOf(&failure.Failure{Kind: failure.IO, Err: err}) != error(disk) {
		t.Errorf("%t, %v, %v", more, err, body.err)
	}
}

// TestNoTemporaryFileStaysOpen checks that no file stays open when the Sink fails or the run is cancelled while large
// Records are in progress.
func TestNoTemporaryFileStaysOpen(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	large := fakeOrigin(func(*http.Request) (*http.Response, error) {
		time.Sleep(time.Second)
		return newResponse(200, strings.Repeat("x", 2000)), nil
	})
	for name, sink := range map[string]Sink{
		"a broken sink":    SinkFunc(func(*Record) error { return errors.New("no space left on device") }),
		"a broken encoder": &longLineSink{err: errors.New("no space left on device")},
		"a good one":       &longLineSink{},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _ = runWithClient(t.Context(), urls(100, "http://a.test"), sink,
					options(func(o *Options) { o.BodyMemory = 1000 }), large)
			})
			if n := spooltest.OpenFiles(t); n > 0 {
				t.Errorf("%d temporary files are open", n)
			}
		})
	}
}

// longLineSink is a Sink that makes a long line of each Record.
type longLineSink struct{ err error }

func (*longLineSink) Encode(r *Record) {
	r.LongLine, r.LineErr = spool.New()
	r.ReleaseBody()
}

func (e *longLineSink) Put(r *Record) error {
	defer r.Discard()
	return e.err
}

func (*longLineSink) Flush(bool) error { return nil }
