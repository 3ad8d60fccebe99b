package h3

import (
	"fmt"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
)

// This file is about connections that a server has forgotten, as one does that was killed and is back at its port. Over
// TCP it would reset them. Over QUIC it answers by stateless resets (RFC 9000 section 10.3), of which the client knows
// none where the new process has a new key for them, as with quic-go and ngtcp2; or a load balancer drops the packets.
//
// A server that is there acknowledges a PING, whatever its application does. Where that does not come, another
// connection is made: it shows that the server is there, and then so is one that does not acknowledge what comes next.
// Where none can be made either, the connection is left to its idle timeout: the path may come back.

// quietParts is the part of Config.PingTime after which a silent connection is pinged.
const quietParts = 5

// A silence is what is known of how long a connection has been silent. Guarded by Conn.mu.
type silence struct {
	control    *quic.SendStream // of this side; nil: not yet there
	timer      *time.Timer      // runs checkSilence; nil: not started
	sign       lifeSign         // the last one
	since      time.Time        // it was there, or exchanges are under way
	told       bool             // Owner.Silent was called
	superseded time.Time        // when another connection was made; zero: none was
}

// errForgotten is the Cause where the server has forgotten the connection.
var errForgotten = fmt.Errorf("the server has forgotten the connection: %w", syscall.ECONNRESET)

// A lifeSign differs from an earlier one of its connection where the server has acknowledged anything since, or more
// of a response was read. Packets are no sign: stateless resets that can't be known are counted as such, too.
type lifeSign struct {
	latest, smoothed, deviation time.Duration // of round trips
	read                        int64         // bytes
}

// lifeSign returns that of now.
func (c *Conn) lifeSign() lifeSign {
	s := c.session.quic.ConnectionStats()
	return lifeSign{s.LatestRTT, s.SmoothedRTT, s.MeanDeviation, c.read.Load()}
}

// quietTime is how long a connection may be silent before a PING is sent, and then until that is acknowledged.
func (c *Conn) quietTime() time.Duration {
	return max(c.config.PingTime/quietParts, 4*c.session.quic.ConnectionStats().SmoothedRTT)
}

// watch starts the watch over silence, as there is an exchange. mu is held.
func (c *Conn) watch() {
	s := &c.silence
	s.sign, s.since = c.lifeSign(), time.Now()
	if s.timer == nil {
		s.timer = time.AfterFunc(c.quietTime(), c.checkSilence)
		return
	}
	s.timer.Reset(c.quietTime())
}

// stop ends the watch.
func (s *silence) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}

// checkSilence is run by the timer while there are exchanges.
func (c *Conn) checkSilence() {
	c.mu.Lock()
	s, now, sign, quiet := &c.silence, time.Now(), c.lifeSign(), c.quietTime()
	if c.active == 0 || c.closed {
		c.mu.Unlock()
		return
	}
	tell, next := func() {}, quiet
	switch {
	case sign != s.sign:
		if s.told {
			tell = c.owner.Heard
		}
		s.sign, s.since, s.told, s.superseded = sign, now, false, time.Time{}
	case !s.superseded.IsZero() && now.Sub(s.superseded) >= quiet/2:
		tell = func() { c.closeFor(&Error{Code: NoError, Conn: true, Cause: errForgotten}) }
	case !s.superseded.IsZero():
		next = quiet / 2
	case !s.told && now.Sub(s.since) >= 2*quiet:
		s.told, tell = true, c.owner.Silent
	}
	s.timer.Reset(next)
	c.mu.Unlock()
	tell()
}

// ignored is a frame without a meaning (RFC 9114 section 7.2.8), which is acknowledged.
var ignored = []byte{0x21, 0}

// Supersede says, after Owner.Silent, that another connection to the server was made: if it is silent further on, it
// has forgotten this one.
func (c *Conn) Supersede() {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &c.silence
	if !s.told || c.closed || !s.superseded.IsZero() {
		return
	}
	s.superseded = time.Now()
	if s.control != nil {
		_ = s.control.TryWriteAll(ignored) // where there is no room for it, other data awaits to be acknowledged
	}
	s.timer.Reset(c.quietTime() / 2)
}
