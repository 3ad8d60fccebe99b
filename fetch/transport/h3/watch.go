package h3

import "time"

// begin counts an exchange that begins.
func (c *Conn) begin() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.active++; c.active == 1 {
		c.watch()
	}
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

// quietTime is how long a connection may be silent before a PING is sent, and then until that is acknowledged.
func (c *Conn) quietTime() time.Duration {
	return max(c.config.PingTime/quietParts, 4*c.session.quic.ConnectionStats().SmoothedRTT)
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
