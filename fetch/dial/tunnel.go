package dial

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

	"batchfetch/fetch/failure"
)

// dialThrough connects to addr over p. Its error is a *Failure that names the proxy and the step.
func (d *Dialer) dialThrough(ctx context.Context, p *Proxy, addr string) (net.Conn, error) {
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
func (d *Dialer) dialProxy(ctx context.Context, p *Proxy) (net.Conn, error) {
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
func (p *Proxy) connectError(err error) error {
	var f *failure.Failure
	if !errors.As(err, &f) {
		return err
	}
	kind := f.Kind
	if kind == failure.DNS {
		kind = failure.Connect
	}
	return failure.New(kind, "proxy %s: %w", p, f.Err)
}

// stepFailure is the Failure of a step that the proxy was asked for.
func (p *Proxy) stepFailure(ctx context.Context, step string, err error) *failure.Failure {
	failure.AwaitDeadline(ctx, err)
	var op *net.OpError
	var known *failure.Failure
	switch f := failure.Ended(ctx); {
	case f != nil:
		return failure.New(f.Kind, "proxy %s: %s: %w", p, step, f.Err)
	case errors.As(err, &known):
		return failure.New(known.Kind, "proxy %s: %s: %w", p, step, known.Err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failure.New(failure.Connect, "proxy %s: %s: it closed the connection without an answer", p, step)
	case failure.IsReset(err):
		return failure.New(failure.Connect, "proxy %s: %s: it reset the connection", p, step)
	case errors.As(err, &op):
		return failure.New(failure.Connect, "proxy %s: %s: %w", p, step, op.Err)
	}
	return failure.New(failure.Connect, "proxy %s: %s: %w", p, step, err)
}

// openTunnel asks for a tunnel to addr by CONNECT (RFC 9110 section 9.3.6). The end of ctx ends it.
func (p *Proxy) openTunnel(ctx context.Context, c net.Conn, addr, agent string) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a time long past
	err := p.connect(c, addr, agent)
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// maxInterim is how many interim responses a proxy may send before its final one.
const maxInterim = 5

func (p *Proxy) connect(c net.Conn, addr, agent string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr,
		Header: http.Header{"User-Agent": {agent}}}
	if login := p.Authorization(); login != "" {
		req.Header.Set("Proxy-Authorization", login)
	}
	if err := req.Write(c); err != nil {
		return err
	}
	answer := &limitedReader{in: c, left: MaxHeaderBytes}
	in := bufio.NewReader(answer)
	for range maxInterim {
		resp, err := http.ReadResponse(in, req) // its body, if any, goes with the connection
		switch {
		case err != nil && answer.left <= 0:
			return HeaderTooLarge()
		case err != nil && answer.end != nil: // the end cuts lines, and a line that is cut is a wrong one
			return answer.end
		case err != nil:
			return failure.New(failure.Protocol, "not a valid HTTP answer: %s", failure.Unquoted(err))
		case resp.StatusCode/100 == 1:
			continue
		case resp.StatusCode/100 != 2:
			return &failure.ProxyRefusal{Status: resp.StatusCode}
		case in.Buffered() > 0:
			return failure.New(failure.Protocol, "it sent more than an answer")
		}
		return nil
	}
	return failure.New(failure.Protocol, "no answer after %d interim ones", maxInterim)
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

// dialSOCKS asks p for a connection to addr (RFC 1928). With socks5 the name is looked up here, with socks5h there, as curl has it.
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
	dial := &socksDialer{dialer: d, proxy: p}
	s, err := socks.SOCKS5("tcp", p.addr, auth, dial)
	if err != nil {
		return nil, p.stepFailure(ctx, "setting up", err)
	}
	if _, err = s.(socks.ContextDialer).DialContext(ctx, "tcp", to); err != nil {
		var failure *failure.Failure
		if errors.As(err, &failure) {
			return nil, failure
		}
		return nil, p.stepFailure(ctx, "asking for "+to, err)
	}
	return dial.made, nil // what the client made of it hides the socket
}

// A socksDialer is how the SOCKS client connects to its proxy. It remembers the connection.
type socksDialer struct {
	dialer *Dialer
	proxy  *Proxy
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
func (d *Dialer) resolve(ctx context.Context, addr string) (string, error) {
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

// MaxHeaderBytes bounds the header of a response, as HTTP/1.1 would write it; curl allows 300 KB.
const MaxHeaderBytes = 256 << 10

func HeaderTooLarge() *failure.Failure {
	return failure.New(failure.TooLarge, "the header is over %d KiB", MaxHeaderBytes>>10)
}
