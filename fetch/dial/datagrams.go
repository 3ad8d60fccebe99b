package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
)

// A HandshakeError is an error of TLS in the handshake of a protocol over UDP.
type HandshakeError struct{ Err error }

func (e *HandshakeError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *HandshakeError) Unwrap() error { return e.Err }

// DialUDP connects a UDP socket to addr for an https:// origin, both host:port, and returns what open makes of it: open
// does the handshake, owns the socket from then on, and closes it where it fails. The certificate has to be the
// origin's, whatever addr is. Addresses are found, guarded and tried as over TCP. No proxy or Unix socket is asked. The
// error is a *failure.Failure.
func DialUDP[C io.Closer](
	ctx context.Context, d *Dialer, origin, addr string,
	open func(context.Context, *net.UDPConn, *tls.Config) (C, error),
) (made C, err error) {
	ctx, cancel := d.withTimeout(ctx, "https://"+origin)
	defer cancel()
	name, port, err := net.SplitHostPort(addr)
	if err != nil {
		return made, classifyDial(ctx, addr, err)
	}
	config := d.TLS.Clone()
	if config.ServerName == "" {
		config.ServerName = hostOf(origin)
	}
	began := time.Now()
	made, err = fdlimit.RetryWhenFree(ctx, d.CloseIdle, func() (none C, err error) {
		addrs, err := d.addrsOf(ctx, name, port)
		if err != nil {
			return none, d.Names.shortageBehind(err)
		}
		return dialFirst(ctx, d, name, port, addrs, func(ctx context.Context, to netip.AddrPort) (none C, err error) {
			c, err := d.guarded().DialContext(ctx, "udp", to.String())
			if err != nil {
				return none, fdlimit.ExplainNoPort(ctx, to.String(), err)
			}
			return open(ctx, c.(*net.UDPConn), config)
		})
	})
	if err != nil {
		return made, classifyUDP(ctx, config, addr, err)
	}
	timesOf(ctx).connectDone(time.Since(began))
	return made, nil
}

// classifyUDP returns the failure that err, met in DialUDP, comes to.
func classifyUDP(ctx context.Context, config *tls.Config, addr string, err error) *failure.Failure {
	var handshake *HandshakeError
	var known *failure.Failure
	switch {
	case errors.As(err, &handshake):
		return classifyHandshake(ctx, config.ServerName, config, handshake.Err)
	case errors.As(err, &known):
		return known
	}
	f := classifyDial(ctx, addr, err)
	if f.Kind == failure.Connect || f.Kind == failure.Timeout {
		f.Err = fmt.Errorf("%w, over UDP", f.Err)
	}
	return f
}
