package h2

import (
	"context"
	"time"
)

// startPings starts the watch over silence, as there is an exchange. mu is held.
func (c *Conn) startPings() {
	if c.running {
		return
	}
	c.running = true
	c.pingedAt = time.Time{}
	c.noteRead() // silence before the exchange says nothing
	if c.timer == nil {
		c.timer = time.AfterFunc(c.config.PingTime, c.checkSilence)
		return
	}
	c.timer.Reset(c.config.PingTime)
}

// checkSilence is run by the timer while there are exchanges: it pings a connection that was silent for PingTime, and
// ends one that was silent for as long after that.
func (c *Conn) checkSilence() {
	c.mu.Lock()
	if len(c.streams) == 0 || c.err != nil {
		c.running = false
		c.mu.Unlock()
		return
	}
	lastRead := c.madeAt.Add(time.Duration(c.lastRead.Load()))
	if !lastRead.Before(c.pingedAt) {
		c.pingedAt = time.Time{}
	}
	now := time.Now()
	silentFor := now.Sub(lastRead)
	switch {
	case silentFor < c.config.PingTime:
		c.timer.Reset(c.config.PingTime - silentFor)
	case c.pingedAt.IsZero():
		c.pingedAt = now
		_ = c.framer.WritePing(false, [8]byte{})
		c.timer.Reset(c.config.PingTime)
		c.flush(context.Background())
	case now.Sub(c.pingedAt) < c.config.PingTime:
		c.timer.Reset(c.config.PingTime - now.Sub(c.pingedAt))
	default:
		c.mu.Unlock()
		c.fail(&Error{Conn: true, Cause: ErrSilent})
		return
	}
	c.mu.Unlock()
}
