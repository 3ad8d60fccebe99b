package dial

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	socks "golang.org/x/net/proxy"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/failure"
)

// dialThrough connects to addr over p. Its error is a *failure.Failure that names the proxy and the step.
func (d *Dialer) dialThrough(ctx context.Context, p *Proxy, addr string) (net.Conn, error) {
	if p.isSOCKS() {
		return d.dialSOCKS(ctx, p, addr)
	}
	c, err := d.dialProxy(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := p.openTunnel(ctx, c, addr, d.UserAgent); err != nil {
		_ = conn.Close(c) // the error of the proxy is the one to return
		return nil, p.stepFailure(ctx, "CONNECT "+addr, err)
	}
	return c, nil
}

// dialProxy connects to p itself, with TLS where p is https://. Certificates of proxies are always verified, and a
// client certificate is not sent to them.
func (d *Dialer) dialProxy(ctx context.Context, p *Proxy) (net.Conn, error) {
	c, err := d.dialDirect(ctx, p.addr)
	if err != nil || p.scheme != "https" {
		return c, p.connectError(err)
	}
	config := d.TLS.Clone()
	config.ServerName, config.NextProtos = hostOf(p.addr), []string{"http/1.1"}
	config.InsecureSkipVerify, config.Certificates, config.GetClientCertificate = false, nil, nil
	tlsConn, err := d.quirks.handshake(ctx, c, p.addr, config)
	if err != nil {
		return nil, p.connectError(d.quirks.retrySmall(p.addr, err))
	}
	return tlsConn, nil
}

// connectError adds the proxy's name to a failure to connect to it. A failed lookup becomes a failure of kind Connect,
// as the kind DNS is about the host of a URL. The options for certificates of origins are not those of a proxy; one of
// kind Connect without an option has OptionProxyDown.
func (p *Proxy) connectError(err error) error {
	var f *failure.Failure
	if !errors.As(err, &f) {
		return err
	}
	named := f.Reworded(fmt.Errorf("proxy %s: %w", p, f.Err))
	switch {
	case f.Kind == failure.DNS:
		named.Kind, named.Option = failure.Connect, OptionProxyDown
	case f.Kind == failure.Connect && f.Option == "":
		named.Option = OptionProxyDown
	case f.Kind == failure.TLS && f.Option != failure.PlainScheme:
		named.Option = ""
	}
	return named
}

// stepFailure returns the failure that err, met in a step of the proxy's protocol, comes to. One of Kind Connect that
// has no other Option has OptionProxyStep.
func (p *Proxy) stepFailure(ctx context.Context, step string, err error) *failure.Failure {
	f := p.explainStep(ctx, step, err)
	if f.Kind == failure.Connect && f.Option == "" {
		f.Option = OptionProxyStep
	}
	return f
}

func (p *Proxy) explainStep(ctx context.Context, step string, err error) *failure.Failure {
	failure.AwaitDeadline(ctx, err)
	var op *net.OpError
	var known *failure.Failure
	var refusal *failure.ProxyRefusal
	switch f := failure.FromContext(ctx); {
	case errors.As(err, &refusal):
		f := failure.New(failure.Connect, "proxy %s: %s: %w", p, step, refusal)
		if refusal.IsLogin() {
			f.Option = refusal.LoginOption()
		}
		return f
	case f != nil:
		return f.Reworded(fmt.Errorf("proxy %s: %s: %w", p, step, f.Err))
	case errors.As(err, &known):
		return known.Reworded(fmt.Errorf("proxy %s: %s: %w", p, step, known.Err))
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failure.New(failure.Connect, "proxy %s: %s: it closed the connection without an answer", p, step)
	case failure.IsReset(err):
		return failure.New(failure.Connect, "proxy %s: %s: it reset the connection", p, step)
	case errors.As(err, &op):
		return failure.New(failure.Connect, "proxy %s: %s: %w", p, step, op.Err)
	}
	return failure.New(failure.Connect, "proxy %s: %s: %w", p, step, err)
}

// openTunnel opens a tunnel to addr over c by CONNECT (RFC 9110 section 9.3.6). It returns early when ctx ends, with
// its cause.
func (p *Proxy) openTunnel(ctx context.Context, c net.Conn, addr, agent string) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a time in the past ends reads
	err := p.sendConnect(c, addr, agent)
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// maxInterim is how many interim responses a proxy may send before its final one.
const maxInterim = 5

// sendConnect sends a CONNECT request over c and reads the response, past interim ones.
func (p *Proxy) sendConnect(c net.Conn, addr, agent string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr,
		Header: http.Header{"User-Agent": {agent}}}
	if login := p.Authorization(); login != "" {
		req.Header.Set("Proxy-Authorization", login)
	}
	if err := req.Write(c); err != nil {
		return err
	}
	limited := &limitedReader{in: c, left: MaxHeaderBytes}
	in := bufio.NewReader(limited)
	if start, _ := in.Peek(2); string(start) == "\x15\x03" { // a TLS alert: RFC 8446 section 5.1
		return NeedsHTTPS()
	}
	for range maxInterim {
		resp, err := http.ReadResponse(in, req) // the connection is closed where there is a body
		switch {
		case err != nil && limited.left <= 0:
			return HeaderTooLarge()
		case err != nil && limited.end != nil: // a line that was cut off is a syntax error to ReadResponse
			return limited.end
		case err != nil:
			return failure.New(failure.Protocol, "not a valid HTTP answer: %s", failure.Unquoted(err))
		case resp.StatusCode/100 == 1:
			continue
		case resp.StatusCode/100 != 2:
			return &failure.ProxyRefusal{Status: resp.StatusCode, Header: resp.Header, Says: readReason(c, resp)}
		case in.Buffered() > 0:
			return failure.New(failure.Protocol, "it sent more than an answer")
		}
		return nil
	}
	return failure.New(failure.Protocol, "no answer after %d interim ones", maxInterim)
}

// A limitedReader reads at most left bytes of in, and keeps the error with which in ended.
type limitedReader struct {
	in   io.Reader
	left int64
	end  error // the first one with which in ended; nil: it has not
}

func (b *limitedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if b.end == nil {
		b.end = err
	}
	return n, err
}

// dialSOCKS connects to addr over p, a SOCKS5 server (RFC 1928). With the scheme socks5 names are looked up here, with
// socks5h by the server, as with curl.
func (d *Dialer) dialSOCKS(ctx context.Context, p *Proxy, addr string) (net.Conn, error) {
	to := addr
	if p.scheme == "socks5" {
		var err error
		if to, err = d.resolve(ctx, addr); err != nil {
			return nil, classifyDial(ctx, addr, err)
		}
	}
	var auth *socks.Auth
	if p.user != nil {
		password, _ := p.user.Password()
		auth = &socks.Auth{User: p.user.Username(), Password: password}
	}
	forward := &socksDialer{dialer: d, proxy: p}
	s, err := socks.SOCKS5("tcp", p.addr, auth, forward)
	if err != nil {
		return nil, p.stepFailure(ctx, "setting up", err)
	}
	if _, err = s.(socks.ContextDialer).DialContext(ctx, "tcp", to); err != nil {
		var failure *failure.Failure
		if errors.As(err, &failure) {
			return nil, failure
		}
		if refusal := refusalIn(forward.conn.replies); refusal != nil {
			err = refusal
		}
		return nil, p.stepFailure(ctx, "asking for "+to, err)
	}
	return forward.conn.Conn, nil // not the SOCKS client's wrapper, which hides the socket
}

// A socksDialer is how the SOCKS client connects to its server. It keeps the connection.
type socksDialer struct {
	dialer *Dialer
	proxy  *Proxy
	conn   socksConn // zero before DialContext
}

// A socksConn is a connection to a SOCKS server that keeps the first bytes that it reads: the errors of the SOCKS
// client have no types.
type socksConn struct {
	net.Conn
	replies []byte // at most maxReplies
}

// maxReplies is the length of the replies up to the one that says how the request ended: to the choice of a method, to
// the password, and the first two bytes of the last (RFC 1928 section 6).
const maxReplies = 6

// Read is net.Conn's.
func (c *socksConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.replies = append(c.replies, p[:min(n, maxReplies-len(c.replies))]...)
	return n, err
}

// refusalIn returns the refusal that the replies of a SOCKS server say, with the status with which an HTTP proxy says
// the same; nil is none.
func refusalIn(replies []byte) *failure.ProxyRefusal {
	const version, password, none, notAllowed = 5, 2, 0xff, 2 // RFC 1928 sections 3 and 6, RFC 1929 section 2
	if len(replies) < 2 || replies[0] != version {
		return nil
	}
	request := replies[2:]
	if replies[1] == password && len(request) >= 2 {
		if request[1] != 0 {
			return &failure.ProxyRefusal{Status: http.StatusProxyAuthRequired, Text: "it refused the user and password"}
		}
		request = request[2:]
	}
	switch {
	case replies[1] == none:
		return &failure.ProxyRefusal{Status: http.StatusProxyAuthRequired, Text: "it wants a user and password"}
	case len(request) >= 2 && request[1] == notAllowed:
		return &failure.ProxyRefusal{Status: http.StatusForbidden, Text: "its rules do not allow that"}
	}
	return nil
}

// Dial is proxy.Dialer's. The SOCKS client never calls it, as there is DialContext.
func (s *socksDialer) Dial(_, _ string) (net.Conn, error) { return nil, errors.ErrUnsupported }

// DialContext is socks.ContextDialer's.
func (s *socksDialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := s.dialer.dialProxy(ctx, s.proxy)
	if err != nil {
		return nil, err
	}
	s.conn = socksConn{Conn: c}
	return &s.conn, nil
}

// resolve returns addr, host:port, with the first usable address of the host in place of its name.
func (d *Dialer) resolve(ctx context.Context, addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	found, err := d.addrsOf(ctx, host, port)
	if err != nil {
		return "", err
	}
	return net.JoinHostPort(found[0].Unmap().String(), port), nil
}

// MaxHeaderBytes is how large the header of a response may be, as HTTP/1.1 writes it; curl allows 300 KB.
const MaxHeaderBytes = 256 << 10

// HeaderTooLarge returns the failure of a response whose header is over MaxHeaderBytes.
func HeaderTooLarge() *failure.Failure {
	return failure.New(failure.TooLarge, "the header is over %d KiB", MaxHeaderBytes>>10)
}
