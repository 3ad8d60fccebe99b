package fetch

import (
	"bytes"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"batchfetch/fetch/spool"
)

// A Record is what happened to one Request: exactly one for each that was started or could not be used, and with
// Options.Paginate one for each of its pages. One goroutine has it at a time: a worker, then the writer, then whom the
// Sink gives it to.
type Record struct {
	// Seq is the 0-based position among the Requests of this run, without gaps; Request.Index has gaps where Requests
	// were skipped. The pages of a Request share it, and come in their order.
	Seq int64
	// Request is the Request as the Source yielded it; in a failure with the method and body of the Options.
	Request Request
	// Input is the start of a line that could not be used, with secrets masked; at most 256 bytes. Then Request is not
	// what was asked.
	Input []byte
	// Next is the page that the response names as the next one (Options.Paginate); nil is none. More says that a Record
	// of that one follows, unless the run is stopped: Options.MaxPages allows it.
	Next *Page
	More bool
	// FinalURL is the URL that redirects led to, without userinfo; empty without a redirect.
	FinalURL string
	// Status is the status of the last response; 0 is none.
	Status int
	// Protocol is the version of the last response, such as HTTP/1.1, and ContentType its Content-Type as it was sent.
	Protocol, ContentType string
	// ContentEncoding are the content codings that the body still has, as the server named them: unknown ones, those
	// that change nothing, and with Options.Identity all. Empty is none. Of a body that was decoded with a dictionary
	// from the cache (RFC 9842) they are all codings that it came with, dcz among them. Of text that had none of those
	// which its header names it is empty.
	ContentEncoding string
	// Header is the header of the last response, with the secrets of the request masked in it; nil unless
	// Options.KeepHeader is set.
	Header http.Header
	// Body is the decoded body. One of more than Options.BodyMemory is in Spool, and Body is nil: OpenBody reads
	// either. HasBody is false where a response has none (HEAD, 204, 304), or the Record does not hold it.
	Body    []byte
	Spool   *spool.File
	HasBody bool
	// Path is the path of the body in the BodyStore; empty is none.
	Path string
	// Bytes is the size of the decoded body, WireBytes the bytes of it that the last exchange received, with the framing
	// of chunks (over HTTP/2 and HTTP/3, whose frames are the connection's, without).
	Bytes, WireBytes int64
	// ResumedFrom is how many of Bytes earlier exchanges received: the last response continued them. 0 is none.
	ResumedFrom int64
	// SHA256 is the hash of the decoded body, where Hashed is true.
	SHA256 [32]byte
	Hashed bool
	// Attempts is the number of attempts; a redirect starts no other. Redirects is the number of redirects followed in
	// all of them.
	Attempts, Redirects int
	// StartedAt is when the first exchange began; zero is that none did. Elapsed is the time from then to the end, waits
	// between attempts included.
	StartedAt time.Time
	Elapsed   time.Duration
	// Timing is that of the last exchange; nil unless Options.KeepTiming is set.
	Timing *Timing
	// RemoteAddr is the address of the other side of the last connection, a proxy's where there is one; empty is none.
	RemoteAddr string
	// Cache is the part that the cache had in a success; empty where it was bypassed.
	Cache Cached
	// Unchanged says that this body has been reported before, and that the Record is to be left out of the output. See
	// Options.Changed.
	Unchanged bool
	// Failure is why the Request failed; nil is a success.
	Failure *Failure
	// FailureBody is the start of the decoded body of a last response that is no success, at most Options.FailureBody
	// bytes, with the secrets of the request masked; nil is none.
	FailureBody []byte
	// CaptureID is the Capture.ID of the last exchange; empty is none, or no Options.Archive.
	CaptureID string
	// Line is the Record as a Sink's Encode has rendered it. One too long for memory is in LongLine.
	Line     []byte
	LongLine *spool.File
	// LineErr is why Encode could not render the Record: Put returns it.
	LineErr error

	body      *buffer // the memory of Body; nil where that is not pooled
	givenBack uint32  // 1 after GiveBack; atomic, and no atomic.Bool, since Records may be copied
	fromCache bool    // it needed no exchange

	header     http.Header // of the last response, whether or not Header keeps it
	storedAddr string      // the address that a stored response came from; empty is none
}

// Cached is the part that the cache had in a success.
type Cached string

// The parts that a cache has in a Record. Without a cache, or where it is bypassed, there is none.
const (
	CacheHit         Cached = "hit"         // the stored response was fresh: there was no exchange
	CacheRevalidated Cached = "revalidated" // the server validated the stored response (RFC 9111 section 4.3)
	CacheMiss        Cached = "miss"        // the server sent a new response
	// The stored response is stale and was served for a server that failed (RFC 5861 section 4), or by max-stale (RFC
	// 9111 section 5.2.1.2).
	CacheStale Cached = "stale"
)

// Timing is how long each step of the last exchange took; a step that did not take place, or did not come to its end,
// is negative. FirstByte is the time from the connection to the header of the response, Body from then to the end.
type Timing struct {
	DNS, Connect, TLS, FirstByte, Body time.Duration
	// Attempt is which exchange with the URL it was, from 1, those that were no attempt for Attempts included.
	Attempt int
	// Connected says that it had a connection; Reused that this had been kept from an exchange before.
	Connected, Reused bool
}

// setHead sets what a Record has of the head of a response.
func (r *Record) setHead(resp *http.Response, keepHeader bool) {
	r.Status = resp.StatusCode
	r.Protocol = resp.Proto
	r.ContentType = resp.Header.Get("Content-Type")
	r.header = resp.Header
	if keepHeader {
		r.Header = resp.Header
	}
}

// OpenBody returns a reader of the decoded body from its first byte on, in memory or in a temporary file. Several
// readers may be open; they can be read until ReleaseBody. Where the Record has no body the reader is empty.
func (r *Record) OpenBody() io.Reader {
	if r.Spool != nil {
		return r.Spool.Reader()
	}
	return bytes.NewReader(r.Body)
}

// ReleaseBody releases the memory or the temporary file of the body once it has been rendered. Body and Spool are nil
// afterwards.
func (r *Record) ReleaseBody() {
	if r.Spool != nil {
		_ = r.Spool.Close() // it has been read
		r.Spool = nil
	}
	r.Body = nil
	if r.body != nil {
		r.body.release()
		r.body = nil
	}
}

// ReleaseRendered releases what only the rendering of a Record needs: its body, and all else that a server may make
// large. Rendered Records may wait by the thousand.
func (r *Record) ReleaseRendered() {
	r.ReleaseBody()
	r.FailureBody, r.Header, r.header = nil, nil, nil
	r.ContentType, r.ContentEncoding, r.FinalURL = "", "", ""
}

// Discard releases all that a Record holds, its rendered line too, in memory or on disk.
func (r *Record) Discard() {
	r.ReleaseRendered()
	r.Line = nil
	if r.LongLine != nil {
		_ = r.LongLine.Close() // it is not needed
		r.LongLine = nil
	}
}

// recordPool has the memory of Records that Sinks have given back. With taskPool, and one exchange for each worker, it
// takes 6 to 8 % less processor time to get 1 KB over HTTP/1.1 or HTTP/2.
var recordPool = sync.Pool{New: func() any { return new(Record) }}

// GiveBack says that the Sink has no further use of the Record, nor has whom it gave it to. Once Put has returned, Run
// may use its memory for another one. Without it the garbage collector finds that later. Any goroutine may call it.
func (r *Record) GiveBack() { atomic.StoreUint32(&r.givenBack, 1) }

// recycle makes the memory of a Record that was given back that of another.
func (r *Record) recycle() {
	if atomic.LoadUint32(&r.givenBack) == 1 {
		*r = Record{}
		recordPool.Put(r)
	}
}

// largeRecord is how many bytes of memory a Record may hold and still wait in a channel for the writer.
const largeRecord = 64 << 10

// isLarge reports whether a Record must not wait in a channel for the writer: it holds over largeRecord bytes, or a
// file.
func (r *Record) isLarge() bool {
	return len(r.Line)+len(r.Body)+len(r.FailureBody) > largeRecord || r.Spool != nil || r.LongLine != nil
}

// A Sink takes the Records of a run. A Sink may wrap a Sink.
type Sink interface {
	// Encode renders a Record into its Line, or sets its LineErr. Many workers call it at once, each before Put: work
	// that takes time belongs here.
	Encode(*Record)
	// Put takes one finished Record, which it then owns, and releases its body if Encode has not. Where it is done with
	// the Record when it returns, it may give it back (Record.GiveBack). One goroutine calls Put. An error stops the run.
	Put(*Record) error
	// Flush writes what is buffered. The goroutine of Put calls it when no Record is ready, and once at the end with
	// last true: a Sink that holds Records back then has to write them. An error stops the run.
	Flush(last bool) error
}

// A Holder is a Sink that holds Records back. They count as part of the look-ahead window (Options.Lookahead), which
// bounds them. A Sink around another one gives access to it by a method Unwrap() Sink.
type Holder interface {
	// Held returns the number of Records held back, and Awaited the Record.Seq of those that are next to be passed on.
	// Any goroutine may call them at any time.
	Held() int
	Awaited() int64
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

// SinkFunc is a Sink that renders nothing: the function is called with each Record, by one goroutine.
type SinkFunc func(*Record) error

// Encode does nothing.
func (SinkFunc) Encode(*Record) {}

// Put calls the function and releases the body.
func (f SinkFunc) Put(r *Record) error {
	err := f(r)
	r.ReleaseBody()
	return err
}

// Flush does nothing.
func (SinkFunc) Flush(bool) error { return nil }
