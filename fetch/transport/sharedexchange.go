package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"net/http"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport/h2"
)

// maxUseless is how many connections of a host, one after the other, may end without having taken any request, before
// an exchange fails; maxConns bounds those that others have been answered over.
const maxUseless, maxConns = 5, 1000

// maxRejections is how often an exchange whose stream the server has refused is made again at once. nginx with
// http2_body_preread_size 0 so refuses the upload that opens a connection with HTTP/2, and takes it when asked again.
func (s *sharedConn) maxRejections() int {
	if s.h2 != nil {
		return 1
	}
	return maxUseless
}

// gotShared records that the exchange has a connection that others may share.
func (c *Call) gotShared(conn *conn.Conn, tlsConn *tls.Conn, reused bool) {
	c.connectedAt, c.reused = c.now(), reused
	c.conn, c.exclusive, c.tls, c.overQUIC, c.remoteAddr = conn, false, tlsConn, false, conn.RemoteAddress
	c.countStream(conn)
	to := c.Target
	c.request2 = h2.Request{
		Method: to.Method, Scheme: to.URL.Scheme, Authority: withoutZone(to.HostHeader()), Path: to.URL.RequestURI(),
		Header: c.Header, Body: to.Body, AnnouncesBody: len(to.Body) > 0 || announcesBody(to.Method), Sent: &c.Stall,
		Headers: &c.headers,
	}
}

// roundTripShared makes the exchange over s. again says that it is to be made over another connection (repeatShared).
func (p *pool) roundTripShared(ctx context.Context, s *sharedConn, c *Call) (
	resp *http.Response, again bool, err error,
) {
	p.mu.Lock()
	reused := s.used
	s.used = true
	p.mu.Unlock()
	c.shared = p
	resp, err = c.roundTripOver(ctx, s, reused)
	c.responded.Store(c.request2.Responded)
	if err == nil {
		return resp, false, nil
	}
	wrong, is := sharedErrorOf(err)
	if ctx.Err() != nil || !is {
		return nil, false, err
	}
	again, err = p.repeatShared(s, c, &wrong, err)
	return nil, again, err
}

// repeatShared reports whether an exchange that has ended with an error over s is to be made over another connection,
// and prepares c for that; else the error that it returns is that of the exchange. It is where the server has not
// processed the request (RFC 9113 section 8.7, RFC 9114 section 4.1.1), or where the request may be sent twice (RFC
// 9110 section 9.2.2) and another connection is of use.
func (p *pool) repeatShared(s *sharedConn, c *Call, wrong *sharedError, err error) (again bool, _ error) {
	isStale := wrong.cause != nil && !errors.Is(wrong.cause, h2.ErrSilent) && !c.Responded() &&
		(c.reused && wrong.unanswered || c.conn.HasManyTickets())
	switch {
	case wrong.wantsHTTP1:
		return p.speakHTTP1(c, s, wrong.notProcessed), err
	case wrong.rejected && c.rejections < s.maxRejections():
		c.rejections++
		return c.nextConn(), err
	case wrong.notProcessed && wrong.remote && !wrong.excess && (!wrong.conn || !wrong.isGoodbye):
		c.notProcessed = true
		return false, err
	case wrong.notProcessed:
		if wrong.conn {
			p.retire(s) // as Leaving will do
		}
		if wrong.useless {
			c.useless++
		}
		return c.nextConn(), c.orUseless(err)
	case wrong.afterResets: // another connection has none of that load
		p.retire(s)
		return c.mayRepeat() && c.nextConn(), c.orUseless(err)
	case isStale && c.mayRepeat() && c.staleConns < maxUseless: // the server closed it without a byte of an answer
		c.staleConns++
		c.dropConn()
		return true, nil
	}
	return false, err
}

// speakHTTP1 takes note that a host wants HTTP/1.1 (HTTP_1_1_REQUIRED), and reports whether the exchange is to be made
// so.
func (p *pool) speakHTTP1(c *Call, s *sharedConn, notProcessed bool) (again bool) {
	p.setHTTP1(s.host)
	p.retire(s)
	if p.version != Auto || c.NoReplay || !notProcessed && !c.Target.isReplayable() {
		return false
	}
	c.dropConn()
	return true
}

// nextConn reports whether the exchange may have another connection, as the server has not processed it.
func (c *Call) nextConn() bool {
	c.conns++
	c.notProcessed = true
	if c.useless > maxUseless || c.conns > maxConns {
		return false
	}
	c.lostConn()
	c.conn, c.tls = nil, nil
	return true
}

// orUseless returns err, or the failure of an exchange that may have no further connection, unless what came over the
// last one is no HTTP/2, which says more.
func (c *Call) orUseless(err error) error {
	if (c.useless > maxUseless || c.conns > maxConns) && !c.isNotHTTP2() {
		return failure.New(failure.Reset, "the server gave up %d connections, one after the other", c.conns)
	}
	return err
}

// roundTripOver makes the exchange over s alone, and starts the stall timer.
func (c *Call) roundTripOver(ctx context.Context, s *sharedConn, reused bool) (*http.Response, error) {
	if s.h2 != nil {
		c.gotShared(s.conn, s.tls, reused)
		c.Stall.Start(s.conn, true, c.connectedAt)
		return s.h2.RoundTrip(ctx, &c.request2)
	}
	x := s.h3.NewExchange()
	c.gotShared(x.Counted(), nil, reused)
	c.overQUIC = true
	c.Stall.Start(x.Counted(), false, c.connectedAt)
	return x.RoundTrip(ctx, &c.request2)
}
