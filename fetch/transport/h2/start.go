package h2

import (
	"crypto/tls"
	"net"
	"time"

	"golang.org/x/net/http2"

	"batchfetch/fetch/conn"
)

// NewConn returns a connection over c, which it owns from then on. What HTTP/2 begins with is sent with the first
// request.
func NewConn(c net.Conn, config *Config, owner Owner) *Conn {
	h := &Conn{net: c, config: config, owner: owner, done: make(chan struct{}), decoder: newDecoder(), madeAt: time.Now(),
		streamTable: streamTable{streams: make(map[uint32]*stream), nextID: 1, allowed: firstAllowed},
		sendWindow:  firstConnWindow, maxFrame: 16 << 10, encoder: encoder{maxSize: tableSize}}
	h.in = input{conn: c, isBusy: func() bool { return h.streamCount.Load() > 0 }, beforeRead: h.woken.wakeAll,
		onRead: h.noteRead}
	if secure, is := c.(*tls.Conn); is {
		h.in.below, _ = secure.NetConn().(*conn.Conn)
	}
	h.in.close()
	h.framer = http2.NewFramer(&h.writer, &h.in)
	h.framer.SetMaxReadFrameSize(maxReadFrame)
	h.framer.SetReuseFrames()
	h.out = append(h.out, http2.ClientPreface...)
	_ = h.framer.WriteSettings( // an error means a frame that no server may get, here and below
		http2.Setting{ID: http2.SettingEnablePush, Val: 0},
		http2.Setting{ID: http2.SettingMaxFrameSize, Val: maxReadFrame},
		http2.Setting{ID: http2.SettingInitialWindowSize, Val: uint32(config.Window)},         //nolint:gosec // below 2^31
		http2.Setting{ID: http2.SettingMaxHeaderListSize, Val: uint32(config.MaxHeaderBytes)}) //nolint:gosec // the same
	_ = h.framer.WriteWindowUpdate(0, connWindow-firstConnWindow)
	h.settingsSentAt = h.madeAt
	h.drained.L = &h.mu
	go h.read() // ends when the connection is closed
	return h
}
