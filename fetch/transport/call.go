package transport

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
)

// A Call is one HTTP exchange as the transport sees it: what is asked, and what became known of the connection that carried it.
// It is used once. Its methods are for the goroutine that made it, after RoundTrip has returned; until then the transport writes to it.
type Call struct {
	// Target is what is asked, and where. It is not written to.
	Target *Target
	// Header is what is sent, but for Host and what frames the body. It is shared, and never written to.
	Header http.Header
	// NoReplay says that the request must not be sent again, not even where the server closed a kept connection under it.
	NoReplay bool
	// Cancel ends the context of the exchange with a cause.
	Cancel context.CancelCauseFunc
	// Stall cancels the exchange where too little moves; see stallTimer.init.
	Stall conn.StallTimer

	conn        *conn.Conn // the connection, or the last one; nil: none was had
	exclusive   bool       // conn carries no other exchange meanwhile: HTTP/1.1
	streamOf    *conn.Conn // the connection that counts this exchange among its streams; nil is none
	tls         *tls.Conn  // over conn; nil is no TLS
	connectedAt time.Time  // zero: not connected
	reused      bool
	remoteAddr  string
	forwardedBy *dial.Proxy // that was asked for the whole URL; nil is none
	onShared    func()      // called when a shared connection was had; nil is nothing to do

	conns        int         // shared connections had
	replays      int         // of them, those behind one over which the request had been sent
	requestSent  atomic.Bool // over the last shared connection
	responded    atomic.Bool // bytes of a response have come
	notProcessed bool        // the server has done nothing, whatever was sent (RFC 9113 section 8.7)

	responseStart       [8]byte // what the response began with over HTTP/1
	responseStartLen    int
	badTransferEncoding bool  // a response in HTTP/1.0 has Transfer-Encoding (RFC 9112 section 6.1)
	interimBytes        int   // of the headers of interim responses
	overheadBefore      int64 // conn's overhead bytes before this exchange
	body                callBody
}

// End detaches the Call from its connection and stops the stall timer. It is called once the body has been read or closed.
func (c *Call) End() {
	c.Stall.Stop()
	c.countStream(nil)
}

// ConnectedAt returns when the exchange got its connection; zero is that it has none.
func (c *Call) ConnectedAt() time.Time { return c.connectedAt }

// IsReused reports whether the connection had carried an exchange before.
func (c *Call) IsReused() bool { return c.reused }

// RemoteAddr returns the address of the other side of the connection, the proxy's where there is one; "" is no connection.
func (c *Call) RemoteAddr() string { return c.remoteAddr }

// Responded reports whether bytes of a response have come.
func (c *Call) Responded() bool { return c.responded.Load() }

// NotProcessed reports whether the server has told that it has done nothing: any method may be sent again (RFC 9113 section 8.7).
func (c *Call) NotProcessed() bool { return c.notProcessed }

// IsHTTP1 reports whether the request was sent in HTTP/1.1.
func (c *Call) IsHTTP1() bool { return c.exclusive }

// ForwardedBy returns the proxy that was asked for the whole URL; nil is none.
func (c *Call) ForwardedBy() *dial.Proxy { return c.forwardedBy }

// request builds what net/http sends. The header is shared and never written to.
func (c *Call) request() *http.Request {
	to := c.Target
	req := &http.Request{
		Method: to.Method, URL: to.URL, Header: c.Header, Host: to.hostHeader(),
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if len(to.Body) > 0 {
		req.ContentLength = int64(len(to.Body))
		req.GetBody = func() (io.ReadCloser, error) {
			return io.NopCloser(&requestBody{in: bytes.NewReader(to.Body), stall: &c.Stall}), nil
		}
		req.Body, _ = req.GetBody() // reading from memory cannot fail
	} else if to.Body != nil {
		req.Body = http.NoBody
	}
	return req
}

// A requestBody is a request body whose reads count as movement.
type requestBody struct {
	in    io.Reader
	stall *conn.StallTimer
}

func (b *requestBody) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.stall.AddBytes(n)
	return n, err
}

// gotConn notes that the exchange has a connection to itself.
func (c *Call) gotConn(conn *conn.Conn, tlsConn *tls.Conn, reused bool) {
	c.connectedAt, c.reused = time.Now(), reused
	c.conn, c.exclusive, c.tls, c.remoteAddr = conn, true, tlsConn, conn.RemoteAddress
	c.countStream(conn)
	c.Stall.Start(conn, false)
}

// dropConn forgets the connection of gotConn, over which nothing came of the exchange.
func (c *Call) dropConn() {
	c.lostConn()
	c.conn, c.exclusive, c.tls, c.responseStartLen = nil, false, nil, 0
}

// lostConn notes that the exchange is not connected any more. What the last connection was stays known.
func (c *Call) lostConn() {
	c.Stall.Pause()
	c.countStream(nil)
	c.connectedAt, c.reused, c.remoteAddr = time.Time{}, false, ""
}

// GotUnknownConn notes that the exchange has a connection of which nothing is known.
func (c *Call) GotUnknownConn() {
	c.connectedAt = time.Now()
	c.Stall.Start(nil, true)
}

// gotSharedConn is httptrace's GotConn: it notes which connection the exchange shares with others.
func (c *Call) gotSharedConn(info httptrace.GotConnInfo) {
	if c.onShared != nil {
		c.onShared()
	}
	c.connectedAt, c.reused = time.Now(), info.Reused
	raw := info.Conn
	c.tls, _ = raw.(*tls.Conn)
	if c.tls != nil {
		raw = c.tls.NetConn()
	}
	conn, ok := raw.(*conn.Conn)
	if !ok {
		c.GotUnknownConn()
		return
	}
	c.remoteAddr = conn.RemoteAddress
	c.countStream(conn)
	c.countReplay(conn)
	c.conn, c.overheadBefore = conn, conn.OverheadBytes()
	c.Stall.Start(conn, true)
}

// net/http sends a request again by itself over HTTP/2, without a bound, where the server refuses a stream or sends GOAWAY before it
// has processed anything. That is safe (RFC 9113 section 8.7), and maxReplays of them are let pass; maxConns bounds the connections
// that came to nothing before the request was sent.
const maxReplays, maxConns = 5, 50

// countReplay counts a shared connection that the exchange was given, which may not be its first, and ends it past the bounds.
func (c *Call) countReplay(conn *conn.Conn) {
	c.conns++
	again := c.requestSent.Swap(false) && c.conn != nil
	if again {
		c.replays++
	}
	switch {
	case again && c.conn == conn && !conn.IsClosedByPeer(): // from the second time on net/http would wait in between, as long as it likes
		c.notProcessed = true
		c.Cancel(failure.New(failure.Reset, "the server refused the stream"))
	case c.replays > maxReplays, c.conns > maxConns:
		c.notProcessed = true
		c.Cancel(failure.New(failure.Reset, "the server gave up %d connections, one after the other", c.conns-1))
	}
}

// countStream counts the exchange among the streams of conn, which share its bandwidth, and no more among those of the connection
// before; nil is no connection.
func (c *Call) countStream(conn *conn.Conn) {
	if c.streamOf != nil {
		c.streamOf.Detach()
	}
	if c.streamOf = conn; conn != nil {
		conn.Attach()
	}
}
