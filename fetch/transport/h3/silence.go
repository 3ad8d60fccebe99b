package h3

import (
	"fmt"
	"syscall"
	"time"

	"github.com/quic-go/quic-go"
)

// This file is about connections that a server has forgotten, as one does that was killed and is back at its port. Over
// TCP it would reset them. Over QUIC it answers by stateless resets (RFC 9000 section 10.3), of which the client knows
// none where the new process has a new key for them, as with quic-go; or something drops the packets.
//
// A server that is there acknowledges a PING, whatever its application does. Where that does not come, another
// connection is made. Once it is, the server is there, and has forgotten the first one if it does not acknowledge what
// is sent over that next. Where none can be made, the first one is left to its idle timeout: the path may come back.

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

// stop ends the watch.
func (s *silence) stop() {
	if s.timer != nil {
		s.timer.Stop()
	}
}
