package fetch

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"batchfetch/fetch/spool"
)

// A Record is what happened to one Request: exactly one for each that was started or could not be understood.
type Record struct {
	// Seq is the position among the Requests of this run, without gaps; Request.Index has gaps where requests were
	// skipped.
	Seq     int64
	Request Request
	// Input is the start of a line that could not be used, at most 256 bytes.
	Input []byte
	// FinalURL is where redirects led, masked; empty without a redirect.
	FinalURL string
	// Status is 0 where no answer came.
	Status      int
	Protocol    string
	ContentType string
	// Header is the answer's, for --headers.
	Header http.Header
	// Body is the decoded body; HasBody is false where there can be none (HEAD, 204, 304).
	// A body of more than Options.BodyMemory is in Spool, and Body is nil: OpenBody reads it wherever it is.
	Body    []byte
	Spool   *spool.File
	HasBody bool
	// Path is where a Keeper has put the body.
	Path string
	// Bytes counts decoded, WireBytes received body bytes.
	Bytes, WireBytes int64
	// ResumedFrom is how many of Bytes an earlier exchange had brought: the answer continued a Part. 0 is none.
	ResumedFrom int64
	SHA256      [32]byte
	Hashed      bool
	// Attempts counts tries, redirect hops aside; Redirects the hops of all of them.
	Attempts, Redirects int
	// StartedAt is when the first exchange began, Elapsed the time from then to the end, waits between attempts included.
	StartedAt  time.Time
	Elapsed    time.Duration
	Timing     *Timing
	RemoteAddr string
	// Cache is the part that the cache had in a success; empty where it was passed by.
	Cache Cached
	// Unchanged says that the user has been told of this body before, and has not asked to be told again: it is left
	// out. See Options.Changed.
	Unchanged bool
	// Failure is nil for a success.
	Failure *Failure
	// Line is the Record as a Sink's Encode rendered it. One too long for memory is in LongLine.
	Line     []byte
	LongLine *spool.File
	// LineErr is why Encode could not render the Record: Put returns it.
	LineErr error

	body     *buffer
	lookedUp bool // it cost no exchange
}

// Cached says what part the cache had in a success.
type Cached string

// The parts that a cache has in a Record. A request that passes it by has none of them.
const (
	CacheHit         Cached = "hit"         // the answer was kept and fresh: nothing was asked
	CacheRevalidated Cached = "revalidated" // the server said that what is kept still holds
	CacheMiss        Cached = "miss"        // the server answered anew
	CacheStale       Cached = "stale"       // what is kept has expired, and stands in for a server that failed, or was asked for by max-stale
)

// Timing says where the time of the last exchange went; a step that did not happen is negative.
type Timing struct {
	DNS, Connect, TLS, FirstByte, Body time.Duration
}

// OpenBody returns a reader of the decoded body from its first byte on, wherever the body is: in memory or in a
// temporary file. There may be several; they are good until ReleaseBody. Where there is no body, or a Keeper has it,
// nothing is read.
func (r *Record) OpenBody() io.Reader {
	if r.Spool != nil {
		return r.Spool.Reader()
	}
	return bytes.NewReader(r.Body)
}

// ReleaseBody gives the body's memory or temporary file back once it has been rendered. Body and Spool are nil
// afterwards.
func (r *Record) ReleaseBody() {
	if r.Spool != nil {
		_ = r.Spool.Close() // all that is wanted of it has been read
		r.Spool = nil
	}
	r.Body = nil
	if r.body != nil {
		r.body.release()
		r.body = nil
	}
}

// Discard gives back all that a Record holds, its rendered line too, in memory or on disk.
func (r *Record) Discard() {
	r.ReleaseBody()
	r.Line = nil
	if r.LongLine != nil {
		_ = r.LongLine.Close() // nobody wants what is in it
		r.LongLine = nil
	}
}

// largeLine is from where on a Record does not pile up before the writer.
const largeLine = 64 << 10

// isLarge says which Records may not pile up before the writer: they hold much memory, or a file.
func (r *Record) isLarge() bool {
	return len(r.Line)+len(r.Body) > largeLine || r.Spool != nil || r.LongLine != nil
}

// A Sink is where Records go; a Sink may wrap a Sink.
type Sink interface {
	// Encode renders a Record into its Line. Many workers call it at once, before Put:
	// whatever costs time belongs here.
	Encode(*Record)
	// Put takes one finished Record for its own, to release its body if Encode has not. One goroutine calls it.
	// An error stops the run.
	Put(*Record) error
	// Flush writes out what is buffered. It is called when no Record is at hand, and with last true once at the end,
	// when a Sink that holds Records back has to let them go.
	Flush(last bool) error
}

// A Holder is a Sink that keeps Records back. What it holds counts as part of the look-ahead window,
// so that what it holds is bounded. A Sink around another one shows it by a method Unwrap() Sink.
type Holder interface {
	// Held returns the number of Records kept back; it may be called at any time.
	Held() int
}

// holderOf returns the Holder that a Sink is, or is wrapped around; nil is none.
func holderOf(s Sink) Holder {
	for {
		if h, ok := s.(Holder); ok {
			return h
		}
		wrapper, ok := s.(interface{ Unwrap() Sink })
		if !ok {
			return nil
		}
		s = wrapper.Unwrap()
	}
}

// SinkFunc is a Sink that renders nothing: it is called with each Record, one at a time.
type SinkFunc func(*Record) error

// Encode does nothing.
func (SinkFunc) Encode(*Record) {}

// Put calls the function and gives the body's memory back.
func (f SinkFunc) Put(r *Record) error {
	err := f(r)
	r.ReleaseBody()
	return err
}

// Flush does nothing.
func (SinkFunc) Flush(bool) error { return nil }
