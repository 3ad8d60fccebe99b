package fetch

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// A link is a connection that HTTP/1.1 is spoken over (RFC 9112), by one exchange at a time and in that one's own goroutine.
type link struct {
	conn    *conn
	secured *tls.Conn     // what lies over conn; nil is no TLS
	records *tls.Conn     // what is read from, where that is TLS: secured, or that of a proxy
	in      *bufio.Reader // nil while the link lies idle
	allowed int           // bytes that the header of the answer may still take; below 0 none is being read
	old     *bytes.Buffer // the header of an answer in HTTP/1.0 as it came; nil is another version
	used    bool          // it has carried an exchange before
	shared  bool          // it is none: HTTP/2 was chosen
	abort   func()        // ends what is under way, from any goroutine

	phrase
	idle
}

func newLink(c *conn, secured *tls.Conn) *link {
	l := &link{conn: c, secured: secured, records: secured, allowed: -1}
	if secured == nil {
		l.records, _ = c.Conn.(*tls.Conn)
	} else {
		l.shared = secured.ConnectionState().NegotiatedProtocol == "h2"
	}
	l.abort = func() { _ = c.Close() } // its reader is told
	return l
}

// over is what the exchange reads from and writes to.
func (l *link) over() net.Conn {
	if l.secured != nil {
		return l.secured
	}
	return l.conn
}

func (l *link) hangUp() { _ = l.over().Close() } // nothing of it is of use any more

// newFor is how long a link may lie that has never been used and still be taken without a look.
const newFor = 20 * time.Millisecond

// aLook is long enough to read what has come, which takes session tickets for what they are.
const aLook = time.Millisecond

// isQuiet reports whether nothing has come over a link since its last answer, its end included: what comes before anything was
// asked is no answer. Over TLS it may have been no more than a session ticket: then the cost is a connection, but for a new one,
// on which they are usual.
func (l *link) isQuiet() bool {
	switch {
	case !l.isKept():
		return true
	case l.conn.peek == nil, !l.used && l.records != nil:
		return isDrained(l.over(), time.Now().Add(aLook))
	case l.conn.peek.readable():
		return false
	}
	return l.records == nil || isDrained(l.records, time.Unix(1, 0))
}

// isKept reports whether a link has been used, or has lain idle: the other side may close it at any time.
func (l *link) isKept() bool { return l.used || !l.since.IsZero() && time.Since(l.since) >= newFor }

// isDrained reports whether nothing can be read of c up to a time. Behind its deadline a TLS connection gives away what it has read
// before, and a socket nothing. It is none the worse for the look.
func isDrained(c net.Conn, until time.Time) bool {
	if c.SetReadDeadline(until) != nil {
		return false
	}
	n, err := c.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.SetReadDeadline(time.Time{}) == nil
}

// headBuffer is how much of an answer is read at once while its header is looked for.
const headBuffer = 4 << 10

var headReaders = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, headBuffer) }}

// Read reads what bufio wants of the connection, and no more than a header may have.
func (l *link) Read(p []byte) (int, error) {
	if l.allowed < 0 {
		return l.over().Read(p)
	}
	if l.allowed == 0 {
		return 0, headerTooLarge()
	}
	n, err := l.over().Read(p[:min(len(p), l.allowed)])
	l.allowed -= n
	if l.old != nil {
		l.old.Write(p[:n])
	}
	return n, err
}

// ask does an exchange up to the header of the answer. The link is given back to ls once the body has been read to its end,
// and hung up in any other case. The end of ctx ends all of it.
func (l *link) ask(ctx context.Context, x *exchange, ls *links) (*http.Response, error) {
	x.takes(l)
	l.used = true
	l.in = headReaders.Get().(*bufio.Reader)
	l.in.Reset(l)
	a := &answerBody{link: l, back: ls, to: x.to, release: context.AfterFunc(ctx, l.abort)}
	header := x.header(x.to)
	a.sending = l.send(x.to, header, ls)
	resp, err := l.answer(x)
	if err != nil {
		a.end(false)
		return nil, err
	}
	a.refused = resp.StatusCode >= http.StatusBadRequest
	a.last = resp.Close || httpguts.HeaderValuesContainsToken(header["Connection"], "close") || resp.StatusCode == http.StatusSwitchingProtocols
	if resp.Body == http.NoBody {
		a.end(true)
		return resp, nil
	}
	a.in, resp.Body = resp.Body, a
	return resp, nil
}

// answer reads up to the end of the header of the answer, past interim ones (RFC 9110 section 15.2).
func (l *link) answer(x *exchange) (*http.Response, error) {
	l.allowed, l.old = maxHeaderBytes+headBuffer, nil
	to := asked(x.to.method)
	for {
		start, err := l.in.Peek(len(x.opening))
		if len(start) > 0 {
			x.opened = copy(x.opening[:], start)
			x.spoke.Store(true)
		}
		if err != nil {
			return nil, err
		}
		if string(start) == "HTTP/1.0" {
			all, _ := l.in.Peek(l.in.Buffered()) // they are there
			l.old = bytes.NewBuffer(bytes.Clone(all))
		}
		resp, err := http.ReadResponse(l.in, to)
		switch {
		case err != nil:
			return nil, err
		case resp.StatusCode/100 != 1 || resp.StatusCode == http.StatusSwitchingProtocols:
			x.early = l.old != nil && names(l.old.Bytes(), "Transfer-Encoding")
			l.allowed, l.old = -1, nil
			return resp, nil
		}
		if err := x.interim(resp.StatusCode, textproto.MIMEHeader(resp.Header)); err != nil {
			return nil, err
		}
	}
}

// An answerBody is the body of an answer, which holds its link until it has been read.
type answerBody struct {
	in      io.Reader
	link    *link
	back    *links
	to      *target
	release func() bool // of the link from the exchange's context; false where that has ended
	sending *sending
	last    bool // the link is of no use after it
	refused bool // the other side has no use for the rest of the request
	done    atomic.Bool
}

func (a *answerBody) Read(p []byte) (int, error) {
	n, err := a.in.Read(p)
	if err != nil {
		a.end(err == io.EOF)
	}
	return n, err
}

// Close hangs up where the body has not been read to its end. It may be called by another goroutine than Read.
func (a *answerBody) Close() error {
	a.end(false)
	return nil
}

// end lets the link go; whole says that the answer has been read to its end. What is still to be sent then is sent, unless the
// answer is an error, as curl has it: the other side may have answered early and read on.
func (a *answerBody) end(whole bool) {
	if a.done.Swap(true) {
		return
	}
	if whole && !a.refused {
		a.sending.await()
	}
	if held := a.release(); !held || !whole || a.last || !a.sending.isDone() || a.link.in.Buffered() > 0 {
		a.link.hangUp()
		a.sending.await()
		return
	}
	headReaders.Put(a.link.in)
	a.link.in = nil
	a.back.put(a.back.key(a.to), a.link)
}

// wrongStart says why an answer can't begin like that; empty where it can, or nothing came.
func wrongStart(opening []byte) string {
	const version, alert = "HTTP/", "\x15\x03" // RFC 8446 section 5.1
	switch head := string(opening); {
	case strings.HasPrefix(head, alert):
		return "it speaks TLS on this port, for which the URL is https://"
	case head != "" && !strings.HasPrefix(head, version[:min(len(version), len(head))]):
		return "it does not begin with HTTP/"
	}
	return ""
}

// names reports whether a header has a line with that name.
func names(header []byte, name string) bool {
	for line := range bytes.Lines(header) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return false
		}
		if found, _, _ := bytes.Cut(line, []byte(":")); strings.EqualFold(string(bytes.TrimRight(found, " \t")), name) {
			return true
		}
	}
	return false
}
