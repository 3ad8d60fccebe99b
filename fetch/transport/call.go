package transport

import (
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/transport/h2"
)

// A Call is one HTTP exchange as a Transport sees it: the request, and what became known of the connection that carried
// it. It is used for one RoundTrip, and for others once each has been followed by Reset. Whoever made it owns it: its
// methods are for that goroutine, after RoundTrip has returned; until then the transport writes to it.
type Call struct {
	// Target is what is requested, and where. It is not written to.
	Target *Target
	// Header is the header that is sent, but for Host and what frames the body. It is shared, and not written to.
	Header http.Header
	// NoReplay says that the request must not be sent again, not even where the server closed a reused connection before
	// a response.
	NoReplay bool
	// Cancel ends the context of the exchange with a cause.
	Cancel context.CancelCauseFunc
	// IsRefusal reports the statuses by which the host may refuse a connection; nil is the function IsRefusal.
	IsRefusal func(status int) bool
	// KeepHead has ResponseHead return the head of the response.
	KeepHead bool
	// Stall cancels the exchange where too few bytes are transferred. Its Init is called before RoundTrip; without it
	// there is no timeout.
	Stall conn.StallTimer
	// StartedAt is when RoundTrip was called; zero: it looks at the clock.
	StartedAt time.Time

	conn        *conn.Conn // the connection, or the last of several; nil: there was none
	exclusive   bool       // conn carries no other exchange meanwhile: HTTP/1.1
	onlyOnce    bool       // conn is to carry no other exchange at all
	streamOf    *conn.Conn // the connection that counts this exchange among its streams, or nil
	tls         *tls.Conn  // over conn; nil is no TLS
	connectedAt time.Time  // zero: not connected
	reused      bool       // conn had carried an exchange before
	atOnce      bool       // the exchange has waited for nothing since StartedAt
	headAt      time.Time  // when the header of the response had come over HTTP/1.1
	remoteAddr  string
	forwardedBy *dial.Proxy // that was asked for the whole URL; nil is no proxy
	request2    h2.Request  // over HTTP/2 and HTTP/3
	overQUIC    bool        // conn is a stream of HTTP/3

	pool         *pool       // of conn, where that is of HTTP/1.1
	shared       *pool       // of conn, where that is of HTTP/2 or HTTP/3
	staleConns   int         // shared connections that were dead when the request was sent over them
	conns        int         // connections over which the server has not processed the request
	useless      int         // of them, those over which it has processed none
	rejections   int         // times that it has refused the stream
	responded    atomic.Bool // bytes of a response have come
	notProcessed bool        // the server has not processed the request, though it may have been sent
	dropped      bool        // it was sent over a connection that was closed before a response
	givenUp      bool        // the connection that it has was given up (giveUpUnacked)

	responseStart       [8]byte // the first bytes of the response over HTTP/1
	responseStartLen    int
	badTransferEncoding bool // a response in HTTP/1.0 has Transfer-Encoding (RFC 9112 section 6.1)
	interimBytes        int  // of the headers of interim responses
	body                callBody
	fresh               bool           // it is made over a connection that has carried no other
	head                []byte         // of the response as it came over HTTP/1; nil without KeepHead
	usualHead           bool           // the head of the response was parsed as a usualHead
	response            http.Response  // the response, if so
	h1Body              responseBody   // over HTTP/1.1
	headers             h2.HeaderSpace // of the header of the response
}

// End detaches the Call from its connection and stops the stall timer. It is called last, once the body has been read
// or closed, and also where RoundTrip failed.
func (c *Call) End() {
	c.Stall.Stop()
	c.countStream(nil)
}

// Reset makes a Call ready for another RoundTrip, after End. The response and its body are closed and not used any
// more; the header of the response neither, unless keepsHeader: its memory is that of the next one.
func (c *Call) Reset(keepsHeader bool) {
	headers := c.headers
	if keepsHeader {
		headers = h2.HeaderSpace{}
	}
	*c = Call{headers: headers}
}

// ConnectedAt returns when the exchange got its connection; zero: it has none.
func (c *Call) ConnectedAt() time.Time { return c.connectedAt }

// IsReused reports whether the connection had carried an exchange before.
func (c *Call) IsReused() bool { return c.reused }

// DialTime returns how long the exchange waited for a connection that had carried none before; 0: it has another one.
func (c *Call) DialTime() time.Duration {
	if c.connectedAt.IsZero() || c.reused {
		return 0
	}
	return c.connectedAt.Sub(c.StartedAt)
}

// IsKept reports whether other exchanges can use the connection from now on. The body has been read or closed.
func (c *Call) IsKept() bool { return c.IsShared() || c.h1Body.kept.Load() }

// RemoteAddr returns host:port of the other side of the connection, which may be a proxy; "" is no connection.
func (c *Call) RemoteAddr() string { return c.remoteAddr }

// Responded reports whether bytes of a response have come.
func (c *Call) Responded() bool { return c.responded.Load() }

// NotProcessed reports whether the server has not processed the request, so that any method may be sent again: it was
// not sent, as there was no connection for it, or the server made that clear over HTTP/2 (RFC 9113 section 8.7) or
// HTTP/3 (RFC 9114 section 4.1.1).
func (c *Call) NotProcessed() bool { return c.notProcessed }

// IsHTTP1 reports whether the request was sent in HTTP/1.1.
func (c *Call) IsHTTP1() bool { return c.exclusive }

// IsShared reports whether the connection may have carried other exchanges meanwhile: HTTP/2, HTTP/3.
func (c *Call) IsShared() bool { return c.conn != nil && !c.exclusive }

// ForwardedBy returns the proxy that was asked for the whole URL; nil is no proxy, or one with a tunnel.
func (c *Call) ForwardedBy() *dial.Proxy { return c.forwardedBy }

// mayRepeat reports whether the request may be sent again where the server closed a connection before a response.
func (c *Call) mayRepeat() bool { return c.Target.isReplayable() && !c.NoReplay }

// HeadAt returns when the header of the response had come; over HTTP/2 and HTTP/3, whose connections others read, that
// is now.
func (c *Call) HeadAt() time.Time {
	if c.headAt.IsZero() {
		return time.Now()
	}
	return c.headAt
}

// gotHead records when the header of the response had come, by the clock of StartedAt: a connection may be older than a
// leap of the wall clock. One that came with the end of the handshake counts from the connection.
func (c *Call) gotHead() {
	c.headAt = c.StartedAt.Add(c.conn.LastRead().Sub(c.StartedAt))
	if c.headAt.Before(c.connectedAt) {
		c.headAt = c.connectedAt
	}
}

// now returns the time: StartedAt as long as the exchange has waited for nothing, as reading the clock costs as much as
// a lock.
func (c *Call) now() time.Time {
	if c.atOnce {
		return c.StartedAt
	}
	return time.Now()
}

// gotConn records that the exchange has a connection to itself, and starts the stall timer.
func (c *Call) gotConn(conn *conn.Conn, tlsConn *tls.Conn, reused bool) {
	c.connectedAt, c.reused = c.now(), reused
	c.conn, c.exclusive, c.tls, c.remoteAddr = conn, true, tlsConn, conn.RemoteAddress
	c.countStream(conn)
	c.Stall.Start(conn, false, c.connectedAt)
}

// dropConn undoes gotConn before the exchange is made over another connection.
func (c *Call) dropConn() {
	c.lostConn()
	c.responded.Store(false)
	c.conn, c.pool, c.shared, c.exclusive, c.tls, c.responseStartLen, c.dropped = nil, nil, nil, false, nil, 0, true
}

// LostKept reports whether the request was sent over a connection that had carried another, and was lost before a
// response; of the connection of the last sending it counts only after a failure.
func (c *Call) LostKept() bool { return c.dropped || c.conn != nil && c.reused && !c.Responded() }

// noConn records that there is no connection for the request.
func (c *Call) noConn() { c.notProcessed = !c.dropped }

// lostConn records that the exchange is not connected any more, and pauses the stall timer. c.conn stays known.
func (c *Call) lostConn() {
	c.Stall.Pause()
	c.atOnce = false
	c.countStream(nil)
	c.connectedAt, c.reused, c.remoteAddr = time.Time{}, false, ""
}

// countStream counts the exchange as a stream of conn, which gets a share of the bandwidth for each, and no longer as
// one of the connection before; nil is no connection.
func (c *Call) countStream(conn *conn.Conn) {
	if c.streamOf != nil {
		c.streamOf.Detach()
	}
	if c.streamOf = conn; conn != nil {
		conn.Attach()
	}
}

// Body returns the body of the response to c, to be read instead of resp.Body, which is still to be closed. A body that
// ends with its connection has to end with a close_notify where that is over TLS, else it ends with
// io.ErrUnexpectedEOF: an attacker can end a TCP connection (RFC 9112 section 9.8). It allocates nothing.
func (c *Call) Body(resp *http.Response) io.Reader {
	c.body = callBody{in: resp.Body, stall: &c.Stall}
	c.body.framed, _ = resp.Body.(*responseBody)
	c.body.unframed = c.exclusive && resp.ContentLength < 0 && len(resp.TransferEncoding) == 0
	if c.body.unframed && c.tls != nil {
		c.body.needsNotify = c.conn
	}
	return &c.body
}

// EndsWithConnection reports whether the end of the connection is that of Body, which nothing tells from a cut (RFC
// 9112 section 6.3).
func (c *Call) EndsWithConnection() bool { return c.body.unframed }

// FramingBytes returns how many bytes of chunked framing have come with what was read of Body. Over HTTP/2 and HTTP/3,
// where frames are the connection's, it is 0.
func (c *Call) FramingBytes() int64 {
	if c.body.framed == nil {
		return 0
	}
	return c.body.framed.framing
}
