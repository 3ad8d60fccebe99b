package fetch

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	socks "golang.org/x/net/proxy"
)

// dialThrough connects to addr over p. Its error is a *Failure that names the proxy and the step.
func (d *dialer) dialThrough(ctx context.Context, p *proxy, addr string) (net.Conn, error) {
	if p.isSOCKS() {
		return d.dialSOCKS(ctx, p, addr)
	}
	c, err := d.dialProxy(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := p.openTunnel(ctx, c, addr, d.UserAgent); err != nil {
		_ = c.Close() // what the proxy said is what tells
		return nil, p.stepFailure(ctx, "CONNECT "+addr, err)
	}
	return c, nil
}

// dialProxy connects to p itself. Neither --private nor -k nor a client certificate is meant for it.
func (d *dialer) dialProxy(ctx context.Context, p *proxy) (net.Conn, error) {
	c, err := d.dialDirect(ctx, p.addr)
	if err != nil || p.scheme != "https" {
		return c, p.connectError(err)
	}
	config := d.TLS.Clone()
	config.ServerName, config.NextProtos = hostOf(p.addr), []string{"http/1.1"}
	config.InsecureSkipVerify, config.Certificates, config.GetClientCertificate = false, nil, nil
	tlsConn, err := handshake(ctx, c, config.ServerName, config)
	if err != nil {
		return nil, p.connectError(err)
	}
	return tlsConn, nil
}

// connectError names the proxy in a Failure to connect to it. A lookup that failed becomes a Connect failure: DNS is for the name of
// the host that was asked for.
func (p *proxy) connectError(err error) error {
	var f *Failure
	if !errors.As(err, &f) {
		return err
	}
	kind := f.Kind
	if kind == DNS {
		kind = Connect
	}
	return failf(kind, "proxy %s: %w", p, f.Err)
}

// stepFailure is the Failure of a step that the proxy was asked for.
func (p *proxy) stepFailure(ctx context.Context, step string, err error) *Failure {
	awaitDeadline(ctx, err)
	var op *net.OpError
	var failure *Failure
	switch f := ended(ctx); {
	case f != nil:
		return failf(f.Kind, "proxy %s: %s: %w", p, step, f.Err)
	case errors.As(err, &failure):
		return failf(failure.Kind, "proxy %s: %s: %w", p, step, failure.Err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failf(Connect, "proxy %s: %s: it closed the connection without an answer", p, step)
	case isReset(err):
		return failf(Connect, "proxy %s: %s: it reset the connection", p, step)
	case errors.As(err, &op):
		return failf(Connect, "proxy %s: %s: %w", p, step, op.Err)
	}
	return failf(Connect, "proxy %s: %s: %w", p, step, err)
}

// openTunnel asks for a tunnel to addr by CONNECT (RFC 9110 section 9.3.6). The end of ctx ends it.
func (p *proxy) openTunnel(ctx context.Context, c net.Conn, addr, agent string) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a time long past
	err := p.connect(c, addr, agent)
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// maxInterim is how many interim responses a proxy may send before its final one.
const maxInterim = 5

func (p *proxy) connect(c net.Conn, addr, agent string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr,
		Header: http.Header{"User-Agent": {agent}}}
	if login := p.authorization(); login != "" {
		req.Header.Set("Proxy-Authorization", login)
	}
	if err := req.Write(c); err != nil {
		return err
	}
	answer := &limitedReader{in: c, left: maxHeaderBytes}
	in := bufio.NewReader(answer)
	for range maxInterim {
		resp, err := http.ReadResponse(in, req) // its body, if any, goes with the connection
		switch {
		case err != nil && answer.left <= 0:
			return headerTooLarge()
		case err != nil && answer.end != nil: // the end cuts lines, and a line that is cut is a wrong one
			return answer.end
		case err != nil:
			return failf(Protocol, "not a valid HTTP answer: %s", wrongness(err))
		case resp.StatusCode/100 == 1:
			continue
		case resp.StatusCode/100 != 2:
			return &proxyRefusal{resp.StatusCode}
		case in.Buffered() > 0:
			return failf(Protocol, "it sent more than an answer")
		}
		return nil
	}
	return failf(Protocol, "no answer after %d interim ones", maxInterim)
}

// A limitedReader reads at most left bytes, and remembers the error that ended what it reads from.
type limitedReader struct {
	in   io.Reader
	left int64
	end  error
}

func (b *limitedReader) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.EOF
	}
	n, err := b.in.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	if err != nil {
		b.end = err
	}
	return n, err
}

// A proxyRefusal is a proxy's answer in place of a tunnel.
type proxyRefusal struct{ status int }

func (r *proxyRefusal) Error() string { return statusText(r.status) }

// dialSOCKS asks p for a connection to addr (RFC 1928). With socks5 the name is looked up here, with socks5h there, as curl has it.
func (d *dialer) dialSOCKS(ctx context.Context, p *proxy, addr string) (net.Conn, error) {
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
	dial := &socksDialer{dialer: d, proxy: p}
	s, err := socks.SOCKS5("tcp", p.addr, auth, dial)
	if err != nil {
		return nil, p.stepFailure(ctx, "setting up", err)
	}
	if _, err = s.(socks.ContextDialer).DialContext(ctx, "tcp", to); err != nil {
		var failure *Failure
		if errors.As(err, &failure) {
			return nil, failure
		}
		return nil, p.stepFailure(ctx, "asking for "+to, err)
	}
	return dial.made, nil // what the client made of it hides the socket
}

// A socksDialer is how the SOCKS client connects to its proxy. It remembers the connection.
type socksDialer struct {
	dialer *dialer
	proxy  *proxy
	made   net.Conn
}

// Dial is what socks.SOCKS5 wants and, given DialContext, never calls.
func (s *socksDialer) Dial(_, _ string) (net.Conn, error) { return nil, errors.ErrUnsupported }

// DialContext is socks.ContextDialer's.
func (s *socksDialer) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := s.dialer.dialProxy(ctx, s.proxy)
	s.made = c
	return c, err
}

// resolve returns addr with the first usable address of its host in place of the name.
func (d *dialer) resolve(ctx context.Context, addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	found := d.knownAddrs(host, port)
	if found == nil {
		if found, err = d.Network.Dialer.Resolver.LookupNetIP(timesOf(ctx).traceLookups(ctx), "ip", host); err != nil {
			return "", err
		}
	}
	if found = d.ofFamily(found); len(found) == 0 {
		return "", d.noUsableAddr()
	}
	return net.JoinHostPort(found[0].Unmap().String(), port), nil
}
