package h2

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/net/http2"
)

// read is the goroutine that reads the connection, until it ends.
func (c *Conn) read() {
	defer close(c.done)
	why := c.readFrames()
	c.woken.wakeAll()
	c.fail(why)
	c.in.close()
}

// maxControl is how many frames may come that carry nothing, one after the other, before they are read slowly: there is
// a pause for each controlStep of them. A connection without an exchange ends then.
const maxControl, controlStep, controlPause = 1000, 64, time.Millisecond

// readFrames reads frames until the connection has to end, and returns why.
func (c *Conn) readFrames() *Error {
	for first := true; ; first = false {
		head, err := c.framer.ReadFrameHeader()
		if err == nil && first && (head.Type != http2.FrameSettings || head.Flags.Has(http2.FlagSettingsAck)) {
			return connError(http2.ErrCodeProtocol, "it begins with a frame that is no SETTINGS (section 3.4)")
		}
		if err == nil {
			c.count(head)
			err = c.readFrame(head)
		}
		if err != nil {
			if err = c.tolerate(head, err); err != nil {
				return c.endBy(head, err)
			}
		}
		if end := c.afterFrame(); end != nil {
			return end
		}
	}
}

// count counts a frame that comes.
func (c *Conn) count(head http2.FrameHeader) {
	c.control++
	if head.Type != http2.FrameGoAway { // which says what else has come
		c.frames.Add(1)
	}
}

// readFrame reads the frame behind a head. Its error is an *Error, one of the Framer, or one of the network.
func (c *Conn) readFrame(head http2.FrameHeader) error {
	if head.Type == http2.FrameData {
		return c.readData(head)
	}
	frame, err := c.framer.ReadFrameForHeader(head)
	if err != nil {
		return err
	}
	switch f := frame.(type) {
	case *http2.HeadersFrame:
		if err := c.beginHeader(f); err != nil {
			return err
		}
		return c.addHeader(f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.ContinuationFrame:
		return c.addHeader(f.HeaderBlockFragment(), f.HeadersEnded())
	case *http2.SettingsFrame:
		return c.gotSettings(f)
	case *http2.PingFrame:
		c.gotPing(f)
	case *http2.RSTStreamFrame:
		return c.gotReset(f)
	case *http2.WindowUpdateFrame:
		return c.gotWindow(f)
	case *http2.GoAwayFrame:
		c.gotGoAway(f)
	case *http2.PushPromiseFrame:
		return connError(http2.ErrCodeProtocol, "PUSH_PROMISE, which was not allowed (section 8.4)")
	}
	return nil // others have no meaning here (section 5.5)
}

// tolerate ends the stream of an error that is one of a stream alone. Any other it returns.
func (c *Conn) tolerate(head http2.FrameHeader, err error) error {
	var ours *Error
	var framers http2.StreamError
	switch {
	case errors.As(err, &framers):
		ours = streamError(framers.Code, c.explain(head))
	case !errors.As(err, &ours) || ours.Conn:
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.streams[head.StreamID]; s != nil {
		c.resetStream(s, ours.Code, ours)
	}
	return nil
}

// endBy returns why the connection ends by an error of a frame.
func (c *Conn) endBy(head http2.FrameHeader, err error) *Error {
	var ours *Error
	var code http2.ConnectionError
	switch {
	case errors.As(err, &ours):
		return ours
	case errors.As(err, &code):
		return connError(http2.ErrCode(code), c.explain(head))
	case errors.Is(err, http2.ErrFrameTooLarge):
		return connError(http2.ErrCodeFrameSize, fmt.Sprintf("a frame of %d bytes (section 4.2)", head.Length))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken && errors.Is(err, os.ErrDeadlineExceeded) {
		err = c.writeErr
	}
	return &Error{Conn: true, Cause: err}
}

// sections are where RFC 9113 defines the frames.
var sections = map[http2.FrameType]string{
	http2.FrameData: "6.1", http2.FrameHeaders: "6.2", http2.FramePriority: "6.3", http2.FrameRSTStream: "6.4",
	http2.FrameSettings: "6.5", http2.FramePushPromise: "6.6", http2.FramePing: "6.7", http2.FrameGoAway: "6.8",
	http2.FrameWindowUpdate: "6.9", http2.FrameContinuation: "6.10",
}

// explain says in words what the Framer has found wrong in a frame.
func (c *Conn) explain(head http2.FrameHeader) string {
	text := fmt.Sprintf("an invalid %v frame (section %s)", head.Type, sections[head.Type])
	if detail := c.framer.ErrorDetail(); detail != nil {
		text += ": " + detail.Error()
	}
	return text
}

// afterFrame does what is to be done between frames: it has answers written, and slows down a server that sends frames
// without end. It returns why the connection ends, or nil.
func (c *Conn) afterFrame() *Error {
	if c.in.buffered() > 0 && c.control < maxControl {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.out) > 0 {
		c.flushAside()
		for len(c.out) > maxUnsent && c.err == nil && !c.broken {
			c.woken.wakeAll()
			c.drained.Wait()
		}
	}
	switch {
	case c.err != nil:
		return c.err
	case c.leaving != nil && len(c.streams) == 0 && !c.broken:
		return &Error{Conn: true, Cause: errClosed}
	case c.control < maxControl:
	case len(c.streams) == 0:
		return connError(http2.ErrCodeEnhanceYourCalm, "frames without end that carry nothing (section 10.5)")
	case c.control%controlStep == 0:
		c.mu.Unlock()
		c.woken.wakeAll()
		time.Sleep(controlPause)
		c.mu.Lock()
	}
	return nil
}

// readData reads a DATA frame (RFC 9113 section 6.1).
func (c *Conn) readData(head http2.FrameHeader) error {
	rest, padding := int(head.Length), 0
	if head.Flags.Has(http2.FlagDataPadded) {
		var length [1]byte
		if rest < 1 {
			return connError(http2.ErrCodeFrameSize, "a padded DATA frame without a length of the padding (section 6.1)")
		}
		if _, err := io.ReadFull(&c.in, length[:]); err != nil {
			return err
		}
		if rest, padding = rest-1, int(length[0]); padding > rest {
			return connError(http2.ErrCodeProtocol, "a DATA frame with more padding than it has bytes (section 6.1)")
		}
	}
	data := rest - padding
	if data > 0 {
		c.control = 0
	}
	if rest <= c.in.buffered() {
		c.mu.Lock()
		defer c.mu.Unlock()
		p := c.in.next(rest)[:data]
		s, err := c.acceptData(head, data)
		if s != nil {
			s.pending.append(p)
			c.gotData(s, head)
		}
		return err
	}
	var came chunkList
	err := came.readFrom(&c.in, data)
	if err == nil {
		err = c.in.skip(padding)
	}
	defer func() { release(came.take()) }()
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s, err := c.acceptData(head, data)
	if s != nil {
		s.pending.join(&came)
		c.gotData(s, head)
	}
	return err
}

// acceptData returns the stream of a DATA frame with so many bytes of data, which it counts; nil is one that is over.
// mu is held.
func (c *Conn) acceptData(head http2.FrameHeader, data int) (*stream, error) {
	n := int(head.Length)
	if c.received += n; c.received >= connWindow/2 {
		_ = c.framer.WriteWindowUpdate(0, uint32(c.received)) //nolint:gosec // at most a frame more
		c.received = 0
	}
	s := c.streams[head.StreamID]
	if s == nil {
		return nil, c.isKnown(head)
	}
	s.came += int64(data)
	switch {
	case s.response == nil:
		return nil, malformed("a DATA frame before the HEADERS (section 8.1)")
	case s.received:
		return nil, streamError(http2.ErrCodeStreamClosed, "a DATA frame behind the end of the stream (section 5.1)")
	case !s.window.received(n, n-data):
		return nil, streamError(http2.ErrCodeFlowControl, "more DATA than the window of the stream allows (section 6.9)")
	case s.noBody && data > 0:
		return nil, malformed("DATA of a response that has no body (section 8.1.1)")
	case s.expected >= 0 && s.came > s.expected:
		return nil, malformed("more DATA than content-length says (section 8.1.1)")
	}
	return s, nil
}

// gotData wakes the exchange of a stream that has got a DATA frame. mu is held.
func (c *Conn) gotData(s *stream, head http2.FrameHeader) {
	if head.Flags.Has(http2.FlagDataEndStream) {
		c.endResponse(s)
	}
	if head.Length > 0 || s.received {
		c.woken.add(s.wake)
	}
}
