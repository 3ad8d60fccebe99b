package h2

import (
	"math"
	"time"

	"golang.org/x/net/http2"
)

// gotSettings takes the server's SETTINGS (RFC 9113 section 6.5), or its acknowledgement of ours.
func (c *Conn) gotSettings(f *http2.SettingsFrame) error {
	c.mu.Lock()
	if f.IsAck() {
		if c.roundTrip == 0 {
			c.roundTrip = time.Since(c.settingsSentAt)
		}
		c.mu.Unlock()
		return nil
	}
	allowed := c.allowed
	if !c.settled {
		c.allowed = maxAllowed
		_ = c.set(http2.Setting{ID: http2.SettingInitialWindowSize, Val: firstConnWindow}) // valid; unless f says otherwise
	}
	err := f.ForeachSetting(c.set)
	if err == nil {
		_ = c.framer.WriteSettingsAck()
	}
	isNew := !c.settled || allowed != c.allowed
	c.settled = true
	allowed = c.allowed
	c.admit()
	c.mu.Unlock()
	if isNew && err == nil {
		c.owner.StreamsAllowed(allowed)
	}
	return err
}

// set takes one of the server's settings (RFC 9113 section 6.5.2). mu is held.
func (c *Conn) set(s http2.Setting) error {
	if err := s.Valid(); err != nil {
		return err
	}
	switch s.ID {
	case http2.SettingHeaderTableSize:
		c.encoder.setMaxSize(s.Val)
	case http2.SettingEnablePush:
		if s.Val != 0 {
			return connError(http2.ErrCodeProtocol, "SETTINGS_ENABLE_PUSH of a server (section 6.5.2)")
		}
	case http2.SettingMaxConcurrentStreams:
		c.allowed = int(min(s.Val, maxAllowed))
	case http2.SettingMaxFrameSize:
		c.maxFrame = int(min(s.Val, maxQueued))
	case http2.SettingInitialWindowSize: // it may make windows negative, section 6.9.2
		change := int64(s.Val) - c.firstWindow
		c.firstWindow = int64(s.Val)
		for _, stream := range c.streams {
			if stream.sendWindow += change; stream.sendWindow > math.MaxInt32 {
				return connError(http2.ErrCodeFlowControl, "SETTINGS_INITIAL_WINDOW_SIZE too large (section 6.9.2)")
			}
		}
		c.wakeBlocked()
	}
	return nil
}

// gotPing answers a PING, or takes the answer to ours (RFC 9113 section 6.7): that something came was noted.
func (c *Conn) gotPing(f *http2.PingFrame) {
	if f.IsAck() {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.framer.WritePing(true, f.Data)
}

// gotReset ends a stream that the server has reset (RFC 9113 section 6.4). Where its response has come whole, the
// server has no use for the rest of the request (section 8.1).
func (c *Conn) gotReset(f *http2.RSTStreamFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.streams[f.StreamID]
	if s == nil {
		return c.isKnown(f.FrameHeader)
	}
	why := &Error{Code: f.ErrCode, Remote: true}
	switch f.ErrCode {
	case http2.ErrCodeRefusedStream:
		why.NotProcessed, why.Useless = true, !c.isOfUse()
		why.Excess = len(c.streams) > c.allowed || c.leaving != nil
	case http2.ErrCodeEnhanceYourCalm:
		why.AfterResets = c.hasReset && s.response == nil
	}
	c.abortStream(s, why)
	c.wakeBlocked() // another stream may have its turn, here and where a response begins
	return nil
}

// gotWindow opens a window for request bodies (RFC 9113 section 6.9).
func (c *Conn) gotWindow(f *http2.WindowUpdateFrame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.StreamID == 0 {
		if c.sendWindow += int64(f.Increment); c.sendWindow > math.MaxInt32 {
			return connError(http2.ErrCodeFlowControl, "WINDOW_UPDATE over 2^31-1 (section 6.9.1)")
		}
		c.wakeBlocked()
		return nil
	}
	s := c.streams[f.StreamID]
	if s == nil {
		return c.isKnown(f.FrameHeader)
	}
	if s.sendWindow += int64(f.Increment); s.sendWindow > math.MaxInt32 {
		return streamError(http2.ErrCodeFlowControl, "WINDOW_UPDATE over 2^31-1 (section 6.9.1)")
	}
	if !s.isSent() {
		s.wakeUp()
	}
	return nil
}

// gotGoAway takes a GOAWAY (RFC 9113 section 6.8). Behind the first, a PING makes a server tell whether it goes on with
// exchanges under way: one built on Python's h2 library may have forgotten them, and ends the connection then.
func (c *Conn) gotGoAway(f *http2.GoAwayFrame) {
	c.mu.Lock()
	isFirst := c.leaving == nil
	c.leave(&Error{Code: f.ErrCode, Remote: true, Conn: true}, f.LastStreamID)
	if isFirst {
		_ = c.framer.WritePing(false, [8]byte{})
	}
	tell := c.mayTell()
	c.mu.Unlock()
	if tell {
		c.owner.Leaving()
	}
}
