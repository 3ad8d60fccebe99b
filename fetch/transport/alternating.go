package transport

import (
	"context"
	"errors"
	"net/http"
	"time"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport/h2"
)

// An alternating is the RoundTripper for Auto: it makes exchanges over TCP, and over HTTP/3 with origins that have
// named a place for that (RFC 7838). Where no connection there has come within headStart, exchanges go on over TCP
// while it is made, and an alternative that does not answer is not tried again for a while. So UDP that does not come
// through costs no attempt, and next to no time.
type alternating struct {
	tcp            *pool
	quic           *pool
	known          *alternatives                        // of all alternatings of a Transport
	hasProxy       func(*Target) bool                   // Transport.HasProxyFor
	mustStayPublic func(to *Target, remote string) bool // Transport.MustStayPublic
	connect        func(origin string) time.Duration    // the connect timeout of an origin; 0 is none
	headStart      time.Duration
}

// knownStart is the headStart at an origin that has a connection with HTTP/3, where all have as many exchanges as they
// may.
const knownStart = 10 * time.Second

// newAlternating returns an alternating that uses tcp over TCP, and dials with d over UDP, with guarded where the
// origin's alternative may only be a public address. The caller sets known, hasProxy and mustStayPublic.
func newAlternating(c *Config, tcp *pool, d, guarded *dial.Dialer, room *h2.Windows) *alternating {
	a := &alternating{tcp: tcp, headStart: headStart}
	timeouts := d.Timeouts
	a.connect = func(origin string) time.Duration {
		connect, _ := timeouts(origin)
		return connect
	}
	d, guarded = dialerHTTP3(d), dialerHTTP3(guarded)
	a.quic = newHTTP3Pool(c, d, room, func(ctx context.Context, to *Target) connResult {
		return a.dial(ctx, d, guarded, to)
	})
	return a
}

// errNoAlternative is that no place is to be asked over HTTP/3 by now.
var errNoAlternative = errors.New("no alternative service")

// dial connects to the first place that serves a Target's origin over HTTP/3.
func (a *alternating) dial(ctx context.Context, d, guarded *dial.Dialer, to *Target) connResult {
	own := ownAddress(to)
	result := connResult{err: errNoAlternative}
	var failed []altAddress
	for _, at := range a.known.beginDial(to.Origin, own, time.Now()) {
		over := d
		if at.publicOnly {
			over = guarded
		}
		if result = dialHTTP3(ctx, a.quic.config3, over, to, at); result.err == nil {
			break
		}
		var f *failure.Failure
		if errors.As(result.err, &f) && f.Kind == failure.Canceled || ctx.Err() != nil && f == nil {
			break // for a reason of ours
		}
		failed = append(failed, at)
	}
	a.known.endDial(to.Origin, own, failed, time.Now())
	return result
}

// RoundTrip is RoundTripper's.
func (a *alternating) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	to := c.Target
	if to.URL.Scheme != "https" || a.hasProxy(to) {
		return a.tcp.RoundTrip(ctx, c)
	}
	if a.known.has(ctx, to.Origin, c.now()) {
		c.atOnce = false
		if resp, done, err := a.roundTripQUIC(ctx, c); done {
			return a.learn(ctx, c, resp), err
		}
	}
	resp, err := a.tcp.RoundTrip(ctx, c)
	return a.learn(ctx, c, resp), err
}

// roundTripQUIC makes the exchange over HTTP/3. done is false where it is to be made over TCP.
func (a *alternating) roundTripQUIC(ctx context.Context, c *Call) (resp *http.Response, done bool, err error) {
	for again := true; again; {
		s := a.acquire(ctx, c.Target)
		if s == nil {
			return nil, false, nil
		}
		resp, again, err = a.quic.roundTripShared(ctx, s, c)
	}
	wrong, _ := sharedErrorOf(err)
	isMisdirected := err == nil && resp.StatusCode == http.StatusMisdirectedRequest // RFC 7838 section 6
	isTCP := isMisdirected || wrong.wantsHTTP1 && (wrong.notProcessed || c.mayRepeat())
	if !isTCP && !wrong.isUnfit() {
		return resp, true, err
	}
	a.known.breakAll(c.Target.Origin, time.Now())
	a.quic.retireAll(a.quic.hostOf(c.Target))
	if wrong.wantsHTTP1 { // RFC 9114 section 8.1
		host := a.tcp.hostOf(c.Target)
		a.tcp.setHTTP1(host)
		a.tcp.retireAll(host) // they speak HTTP/2
	}
	if !isTCP {
		return nil, true, err
	}
	if isMisdirected {
		_ = resp.Body.Close() // it is not needed
	}
	c.dropConn()
	return nil, false, nil
}

// acquire returns a connection with HTTP/3 for a Target, or nil where there is none within the headStart of its dial.
func (a *alternating) acquire(ctx context.Context, to *Target) *sharedConn {
	now := time.Now()
	if a.quic.hasShared(a.quic.hostOf(to)) { // it answers
		return a.quic.acquireWithin(ctx, to, knownStart)
	}
	wait := a.headStart
	if connect := a.connect(to.Origin); connect > 0 {
		wait = min(wait, connect/2)
	}
	if wait -= a.known.dialTime(to.Origin, now); wait <= 0 || !a.known.mayDial(to.Origin, now) {
		return a.quic.takeShared(a.quic.hostOf(to))
	}
	return a.quic.acquireWithin(ctx, to, wait)
}

// learn takes note of the places that a response names, and returns it. nil is none.
func (a *alternating) learn(ctx context.Context, c *Call, resp *http.Response) *http.Response {
	if resp != nil && resp.Header["Alt-Svc"] != nil && resp.StatusCode != http.StatusMisdirectedRequest {
		a.known.learn(ctx, c.Target.Origin, resp.Header, a.mustStayPublic(c.Target, c.RemoteAddr()), time.Now())
	}
	return resp
}

// CloseIdle is RoundTripper's.
func (a *alternating) CloseIdle() { a.tcp.CloseIdle(); a.quic.CloseIdle() }

// Close is RoundTripper's.
func (a *alternating) Close() { a.tcp.Close(); a.quic.Close() }
