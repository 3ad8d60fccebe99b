package transport

import (
	"errors"

	"golang.org/x/net/http2"

	"batchfetch/fetch/transport/h2"
)

// leavesHTTP2 reports whether another attempt may succeed, as the host is spoken to in HTTP/1.1 from now on: err is
// that its server sends more than the window of a stream allows, or a header that HTTP/2 does not have. The server of
// dgrr/http2 0.3.5, HTTP/2 for fasthttp, keeps to the window of the connection alone, so that of large responses at
// once it breaks each.
func (c *Call) leavesHTTP2(err error) bool {
	var wrong *h2.Error
	return errors.As(err, &wrong) && !wrong.Remote && !wrong.Conn &&
		(wrong.Code == http2.ErrCodeFlowControl || wrong.BadHeader) && c.leaveHTTP2()
}

// leaveHTTP2 takes note that the host is to be spoken to in HTTP/1.1, and reports whether it may be.
func (c *Call) leaveHTTP2() bool {
	if c.shared == nil || c.shared.version != Auto {
		return false
	}
	host := c.shared.hostOf(c.Target)
	c.shared.setHTTP1(host)
	c.shared.retireAll(host)
	return true
}
