package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/quic-go/quic-go"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport/h2"
)

// A Config says how a connection behaves. All fields are to be set, but for Windows and Bandwidth.
type Config struct {
	// Window is how many bytes of a body a server may send beyond what was read of it, at first.
	Window int
	// Windows is the room in which the windows of connections may grow; nil is none.
	Windows *h2.Windows
	// MaxHeaderBytes is how large a header may be, as HTTP/1.1 writes it; one that is larger ends the exchange with
	// HeaderTooLarge.
	MaxHeaderBytes int
	HeaderTooLarge error
	// PingTime is half of the time after which a silent connection ends. A PING is sent after a fifth of it (RFC 9000
	// section 10.1.2), and after two the connection is taken for one that the server may have forgotten.
	PingTime time.Duration
	// Bandwidth limits what is received over all connections; nil is no limit.
	Bandwidth *conn.Bandwidth
}

// A Session is a QUIC connection whose handshake is done, before HTTP/3 begins on it.
type Session struct {
	quic          *quic.Conn
	transport     *quic.Transport
	socket        *net.UDPConn
	remoteAddress string
	windows       *h2.Windows
	taken         atomic.Int64 // bytes that it has of windows
}

// These bound the windows of a connection, in bytes. What streams have of them together and is unread is never more
// than the connection's, which grows while Windows has room.
const (
	firstConnWindow = 1 << 20
	maxConnWindow   = 15 << 20
	maxStreamWindow = 8 << 20
)

// handshakeTime bounds a handshake whose context has no limit, as the kernel bounds the making of a TCP connection.
const handshakeTime = 2 * time.Minute

// Handshake makes a QUIC connection over a socket that is connected to the server's address. 0-RTT is never used, so
// that nothing is sent that an attacker could replay. It owns the socket, and closes it where it fails. An error of TLS
// is a *dial.HandshakeError.
func Handshake(ctx context.Context, socket *net.UDPConn, tlsConfig *tls.Config, config *Config) (*Session, error) {
	s := &Session{socket: socket, windows: config.Windows, remoteAddress: socket.RemoteAddr().String(),
		transport: &quic.Transport{Conn: newPackets(socket)}}
	c, err := s.transport.Dial(ctx, socket.RemoteAddr(), tlsConfig, config.quic(s))
	if err != nil {
		s.closeSocket()
		return nil, explainHandshake(ctx, tlsConfig.ServerName, err)
	}
	s.quic = c
	return s, nil
}

// quic returns the configuration of a connection with QUIC.
func (c *Config) quic(s *Session) *quic.Config {
	stream, most := max(c.Window, 64<<10), maxStreamWindow
	first, mostConn := firstConnWindow, maxConnWindow
	if n := c.Bandwidth.ReadBuffer(); n > 0 { // more would come than is read at that rate
		stream, most, first, mostConn = min(stream, n), n, n, n
	}
	return &quic.Config{
		Versions:                       []quic.Version{quic.Version1, quic.Version2},
		HandshakeIdleTimeout:           handshakeTime,
		MaxIdleTimeout:                 2 * c.PingTime,
		KeepAlivePeriod:                c.PingTime / quietParts,
		InitialStreamReceiveWindow:     uint64(stream),   //nolint:gosec // above 0
		MaxStreamReceiveWindow:         uint64(most),     //nolint:gosec // above 0
		InitialConnectionReceiveWindow: uint64(first),    //nolint:gosec // above 0
		MaxConnectionReceiveWindow:     uint64(mostConn), //nolint:gosec // above 0
		AllowConnectionWindowIncrease:  func(_ *quic.Conn, n uint64) bool { return s.takeWindow(int(n)) },
		MaxIncomingStreams:             -1,
		MaxIncomingUniStreams:          maxUniStreams,
	}
}

// takeWindow takes n bytes from the room for windows, and reports whether there were as many.
func (s *Session) takeWindow(n int) bool {
	if !s.windows.Take(n) {
		return false
	}
	s.taken.Add(int64(n))
	return true
}

// explainHandshake returns the error of a handshake that failed.
func explainHandshake(ctx context.Context, host string, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var byTLS *quic.TransportError
	switch {
	case errors.As(err, new(*quic.VersionNegotiationError)):
		f := failure.New(failure.Protocol, "%s speaks no version of QUIC that is spoken here", host)
		f.Option = "http"
		return f
	case errors.As(err, &byTLS) && byTLS.ErrorCode >= cryptoError && byTLS.ErrorCode < cryptoError+0x100:
		if byTLS.Remote {
			err = alert(byTLS.ErrorCode)
		}
		return &dial.HandshakeError{Err: err}
	case errors.As(err, new(*quic.HandshakeTimeoutError)), errors.As(err, new(*quic.IdleTimeoutError)):
		return failure.New(failure.Timeout, "%s did not answer over QUIC", host)
	case errors.As(err, &byTLS) && byTLS.Remote:
		return failure.New(failure.Connect, "%s refused the connection over QUIC: %v", host, byTLS.ErrorCode)
	case errors.As(err, new(*quic.ApplicationError)):
		return failure.New(failure.Connect, "%s refused the connection over QUIC", host)
	case errors.As(err, &byTLS):
		return failure.New(failure.Protocol, "what %s sent over QUIC is %v", host, byTLS.ErrorCode)
	}
	return fmt.Errorf("QUIC: %w", err)
}

// Close closes a Session that no Conn has.
func (s *Session) Close() error {
	s.close(NoError)
	return nil
}

// close ends the connection by a code of HTTP/3, and returns once nothing of it is left.
func (s *Session) close(code Code) {
	_ = s.quic.CloseWithError(quic.ApplicationErrorCode(code), "") // is nil
	s.closeSocket()
	if s.windows != nil {
		s.windows.Give(int(s.taken.Swap(0)))
	}
}

// closeSocket ends what reads from the socket, and closes it.
func (s *Session) closeSocket() {
	_ = s.transport.Close() // returns what the next does
	_ = s.socket.Close()    // nothing is to be read or sent any more
}

// maxUniStreams is how many streams of its own a server may have: the three of HTTP/3 and QPACK, and some of kinds that
// are not known.
const maxUniStreams = 16
