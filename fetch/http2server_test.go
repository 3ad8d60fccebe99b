package fetch

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"
	"testing"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"batchfetch/fetch/nettest"
)

// framer is the server's side of an HTTP/2 connection, frame by frame.
type framer struct {
	*http2.Framer
	conn *net.TCPConn
}

// startHTTP2Server starts a server that answers each cleartext HTTP/2 connection with the frames that says writes, and
// then closes it.
func startHTTP2Server(t testing.TB, says func(framer)) string {
	t.Helper()
	var last atomic.Pointer[net.TCPConn]
	url := nettest.Talk(t, func(c *net.TCPConn) {
		last.Store(c)
		preface := make([]byte, len(http2.ClientPreface))
		if _, err := io.ReadFull(c, preface); err != nil {
			return
		}
		f := framer{http2.NewFramer(c, c), c}
		_ = f.WriteSettings()
		says(f)
	})
	t.Cleanup(func() { // a client may keep its connection open after a cancelled stream
		if c := last.Load(); c != nil {
			_ = c.Close()
		}
	})
	return url
}

// next returns the stream of the next request. It returns 0 at the end of the connection.
func (f framer) next() uint32 {
	for {
		frame, err := f.ReadFrame()
		if err != nil {
			return 0
		}
		switch frame := frame.(type) {
		case *http2.SettingsFrame:
			if !frame.IsAck() {
				_ = f.WriteSettingsAck()
			}
		case *http2.HeadersFrame:
			return frame.StreamID
		}
	}
}

// writeHalf sends status 200 and the first half of a body.
func (f framer) writeHalf(stream uint32) {
	var block bytes.Buffer
	_ = hpack.NewEncoder(&block).WriteField(hpack.HeaderField{Name: ":status", Value: "200"})
	_ = f.WriteHeaders(http2.HeadersFrameParam{StreamID: stream, BlockFragment: block.Bytes(), EndHeaders: true})
	_ = f.WriteData(stream, false, []byte("half"))
}

// closeGracefully closes our side of the connection and reads the client's to its end. A connection closed with unread
// bytes would be reset.
func (f framer) closeGracefully() {
	_ = f.conn.CloseWrite()
	nettest.AwaitClose(f.conn)
}
