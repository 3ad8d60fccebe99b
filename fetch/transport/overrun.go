package transport

import (
	"errors"

	"golang.org/x/net/http2"

	"batchfetch/fetch/transport/h2"
)

// leaveHTTP2 takes note that the host is to be spoken to in HTTP/1.1, where err is that its server sends more than the
// window of a stream allows, and reports whether it has: another attempt may succeed. The server of dgrr/http2 0.3.5,
// HTTP/2 for fasthttp, keeps to the window of the connection alone, so that of large responses at once it breaks each.
func (c *Call) leaveHTTP2(err error) bool {
	var wrong *h2.Error
	if c.shared == nil || c.shared.version != Auto || !errors.As(err, &wrong) || wrong.Remote || wrong.Conn ||
		wrong.Code != http2.ErrCodeFlowControl {
		return false
	}
	host := c.shared.hostOf(c.Target)
	c.shared.setHTTP1(host)
	c.shared.retireAll(host)
	return true
}
