package fetch

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/nettest"
	"batchfetch/fetch/spool"
	"batchfetch/fetch/spool/spooltest"
)

// TestLargeBodiesGoToAFile: what is over BodyMemory does, however its size is told; the Record tells the same of it.
func TestLargeBodiesGoToAFile(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	const most = 100_000
	random := make([]byte, 3<<20)                   // a coding makes it larger
	_, _ = rand.NewChaCha8([32]byte{}).Read(random) // never fails
	noise := string(random)
	for name, frame := range map[string]func(string) string{
		"announced": func(body string) string { return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body) },
		"chunked": func(body string) string {
			return fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
		},
		"to the end": func(body string) string { return "\r\n" + body },
		"coded": func(body string) string {
			var packed bytes.Buffer
			z := gzip.NewWriter(&packed)
			_, _ = io.WriteString(z, body) // memory takes everything
			_ = z.Close()
			return fmt.Sprintf("Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", packed.Len(), packed.String())
		},
	} {
		for _, size := range []int{0, 1, most - 1, most, most + 1, most + 64<<10, 3 << 20} {
			for _, memory := range []int64{most, 0} {
				body := noise[:size]
				url := nettest.Talk(t, func(c *net.TCPConn) {
					nettest.ReadRequest(c)
					nettest.Say(c, "HTTP/1.1 200 OK\r\nConnection: close\r\n"+frame(body))
					_ = c.CloseWrite()
					nettest.AwaitClose(c)
				})
				sum := sha256.Sum256([]byte(body))
				source := byHand(Request{URL: url, SHA256: hex.EncodeToString(sum[:])})
				var got string
				var spooled bool
				_, err := Run(t.Context(), source, SinkFunc(func(r *Record) error {
					if r.Failure != nil || !r.HasBody || r.Bytes != int64(size) || r.SHA256 != sum || !r.Hashed || r.WireBytes == 0 && size > 0 {
						t.Errorf("%s, %d: %d and %d bytes, %v", name, size, r.Bytes, r.WireBytes, r.Failure)
					}
					text, err := io.ReadAll(r.OpenBody())
					got, spooled = string(text), r.Spool != nil
					if again, _ := io.ReadAll(r.OpenBody()); string(again) != got || (r.Body == nil) != spooled || spooled && r.Spool.Size() != r.Bytes {
						t.Errorf("%s, %d: in memory %d bytes", name, size, len(r.Body))
					}
					return err
				}), quick(func(o *Options) { o.BodyMemory = memory }))
				if err != nil || got != body || spooled != (memory > 0 && size > most) {
					t.Errorf("%s, %d over %d: in a file: %t, %d bytes, %v", name, size, memory, spooled, len(got), err)
				}
			}
		}
	}
}

// TestLargeBodiesThatAreWrong fail as small ones do, and leave nothing behind; an attempt that failed leaves nothing to the next.
func TestLargeBodiesThatAreWrong(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	text := strings.Repeat("x", 5000)
	length := func(n int) string { return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, text) }
	chunked := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1388\r\n" + text
	for _, tt := range []struct {
		name, says, sha string
		most            int64
		reset           bool
		want            failure.Kind
	}{
		{name: "whole", says: length(5000), want: ""},
		{name: "another hash", says: length(5000), sha: strings.Repeat("0", 64), want: failure.Checksum},
		{name: "too large, announced", says: length(5000), most: 4999, want: failure.TooLarge},
		{name: "too large, chunked", says: chunked + "\r\n0\r\n\r\n", most: 4999, want: failure.TooLarge},
		{name: "as large as may be", says: length(5000), most: 5000, want: ""},
		{name: "too large by far", says: length(5000), most: 2000, want: failure.TooLarge},
		{name: "too large by far, chunked", says: chunked + "\r\n0\r\n\r\n", most: 2000, want: failure.TooLarge},
		{name: "as large as memory may hold, and more", says: length(5000), most: 1000, want: failure.TooLarge},
		{name: "cut", says: length(5001), want: failure.Truncated},
		{name: "chunks cut", says: chunked, want: failure.Truncated},
		{name: "reset", says: length(5001), reset: true, want: failure.Reset},
		{name: "a broken coding", says: strings.Replace(length(5000), "\r\n\r\n", "\r\nContent-Encoding: gzip\r\n\r\n", 1), want: failure.Decode},
	} {
		t.Run(tt.name, func(t *testing.T) {
			url := nettest.Talk(t, func(c *net.TCPConn) {
				nettest.ReadRequest(c)
				nettest.Say(c, tt.says)
				if tt.reset { // which may overtake the body
					nettest.ResetOnClose(c)
					return
				}
				_ = c.CloseWrite()
				nettest.AwaitClose(c)
			})
			var shelf shelf
			o := quick(func(o *Options) {
				o.BodyMemory, o.Retries, o.RetryDelay = 1000, 2, 0
				if tt.most > 0 {
					o.MaxBody = tt.most
				}
			})
			if _, err := Run(t.Context(), byHand(Request{URL: url, SHA256: tt.sha}), &shelf, o); err != nil {
				t.Fatal(err)
			}
			r := shelf.records[0]
			if kindOf(r) != tt.want || r.Failure != nil && r.HasBody || r.Spool != nil || tt.want != failure.TooLarge && tt.want != failure.Decode && tt.want != failure.Reset && r.Bytes != 5000 {
				t.Errorf("%s of %d bytes: %v", kindOf(r), r.Bytes, r.Failure)
			}
			if most := max(tt.most+1, 4<<10); tt.most > 1000 && r.Bytes > most { // a buffer may be filled before it is looked at
				t.Errorf("%d bytes were read, want no more than show that they are too many", r.Bytes)
			}
			if n := spooltest.OpenFiles(t); n > 0 {
				t.Errorf("%d temporary files are open", n)
			}
		})
	}
}

// TestLongLinesDoNotPileUp before a slow writer: only a worker holds one, and the writer another.
func TestLongLinesDoNotPileUp(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	synctest.Test(t, func(t *testing.T) {
		sink := &slowly{encoding: &encoding{}, t: t, most: 4}
		if _, err := runOver(t.Context(), urls(50, "http://a.test"), sink, options(func(o *Options) { o.Concurrency = 4 }), taking(0)); err != nil {
			t.Error(err)
		}
	})
}

// A slowly counts the temporary files while it takes its time.
type slowly struct {
	*encoding
	t    *testing.T
	most int
}

func (s *slowly) Put(r *Record) error {
	time.Sleep(time.Second)
	if n := spooltest.OpenFiles(s.t); n > s.most+1 {
		s.t.Errorf("%d temporary files are open, want at most one for each worker and that of the writer", n)
	}
	return s.encoding.Put(r)
}

// TestNoTemporaryFileUnlessItHelps: what is too large for memory and for max-body alike is not wanted anyway.
func TestNoTemporaryFileUnlessItHelps(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	synctest.Test(t, func(t *testing.T) {
		large := origin(func(*http.Request) (*http.Response, error) { return reply(200, strings.Repeat("x", 2000)), nil })
		var shelf shelf
		_, err := runOver(t.Context(), urls(1, "http://a.test"), &shelf, options(func(o *Options) { o.BodyMemory, o.MaxBody = 1000, 1000 }), large)
		if err != nil || shelf.kinds() != "too_large" {
			t.Errorf("%s, %v", shelf.kinds(), err)
		}
	})
}

// TestTemporaryDirectoryThatBreaks ends the run as a broken output does, and says where there is no room.
func TestTemporaryDirectoryThatBreaks(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	t.Setenv("TMPDIR", missing)
	synctest.Test(t, func(t *testing.T) {
		client := origin(func(r *http.Request) (*http.Response, error) {
			time.Sleep(time.Second)
			if r.URL.Path == "/3" {
				return reply(200, strings.Repeat("x", 2000)), nil
			}
			return reply(200, "x"), nil
		})
		var shelf shelf
		o := options(func(o *Options) { o.BodyMemory, o.Concurrency = 1000, 2 })
		s, err := runOver(t.Context(), urls(100, "http://a.test"), &shelf, o, client)
		var broken *OutputError
		var temporary *spool.Error
		if !errors.As(err, &broken) || !errors.As(err, &temporary) || temporary.Dir != missing || s.Stopped != StopOutput || s.NotStarted < 90 {
			t.Errorf("%+v, %v", s, err)
		}
		for _, r := range shelf.records {
			if broke := strings.HasSuffix(r.Request.URL, "/3"); broke != (kindOf(r) == failure.IO) || !broke && r.Failure != nil && r.Failure.Kind != failure.Canceled {
				t.Errorf("%s: %v", r.Request.URL, r.Failure)
			}
		}
	})
}

// TestDiskThatFillsUp in the middle of a body breaks the run, too, whatever the network says meanwhile.
func TestDiskThatFillsUp(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	start := newBuffer()
	start.bytes = append(start.bytes, "start"...)
	body, err := newSpoolWriter(start)
	if err != nil {
		t.Fatal(err)
	}
	_ = body.spool.Close() // as a disk that takes no more
	more, err := body.readFrom(strings.NewReader("the rest"), 100)
	var disk *spool.Error
	if broken := brokenDisk(&failure.Failure{Kind: failure.Decode, Err: body.cause(failure.New(failure.Decode, "the body is not valid gzip"))}); broken == nil {
		t.Error("the disk is not to blame")
	}
	if more || !errors.As(err, &disk) || !errors.As(body.err, &disk) || brokenDisk(&failure.Failure{Kind: failure.IO, Err: err}) != error(disk) {
		t.Errorf("%t, %v, %v", more, err, body.err)
	}
}

// TestNoTemporaryFileStaysOpen when the Sink has broken, or the run is cancelled, with large Records under way.
func TestNoTemporaryFileStaysOpen(t *testing.T) {
	spooltest.NoneStaysOpen(t)
	large := origin(func(*http.Request) (*http.Response, error) {
		time.Sleep(time.Second)
		return reply(200, strings.Repeat("x", 2000)), nil
	})
	for name, sink := range map[string]Sink{
		"a broken sink":    SinkFunc(func(*Record) error { return errors.New("no space left on device") }),
		"a broken encoder": &encoding{err: errors.New("no space left on device")},
		"a good one":       &encoding{},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, _ = runOver(t.Context(), urls(100, "http://a.test"), sink, options(func(o *Options) { o.BodyMemory = 1000 }), large)
			})
			if n := spooltest.OpenFiles(t); n > 0 {
				t.Errorf("%d temporary files are open", n)
			}
		})
	}
}

// An encoding Sink makes a long line of each Record.
type encoding struct{ err error }

func (*encoding) Encode(r *Record) {
	r.LongLine, r.LineErr = spool.New()
	r.ReleaseBody()
}

func (e *encoding) Put(r *Record) error {
	defer r.Discard()
	return e.err
}

func (*encoding) Flush(bool) error { return nil }

// TestGrowingBuffers keep what they hold, whatever they grow into, and give each piece of memory back to its own pool.
func TestGrowingBuffers(t *testing.T) {
	for _, size := range []int{0, 1, 4 << 10, 256 << 10, 256<<10 + 1, 1 << 20, len(block{}), len(block{}) + 1, 5 << 20} {
		text := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		b := newBuffer()
		more, err := b.readFrom(strings.NewReader(text), int64(size))
		if more || err != nil || string(b.bytes) != text {
			t.Errorf("%d bytes of %d, more: %t, %v", len(b.bytes), size, more, err)
		}
		if inBlock := size >= 256<<10 && size < len(block{}); (b.block != nil) != inBlock {
			t.Errorf("%d bytes in a block: %t", size, b.block != nil)
		}
		b.release()
		if more, err := newBuffer().readFrom(strings.NewReader(text+"x"), int64(size)); !more || err != nil {
			t.Errorf("more than %d: %t, %v", size, more, err)
		}
	}
}
