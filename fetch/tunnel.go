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

// newForwarder is the road to a proxy that is asked for whole http:// URLs.
func newForwarder(o *Options, d *dialer, p *proxy) *links {
	forward := newLinks(o, func(ctx context.Context, _ *target) (*link, error) {
		ctx, cancel := d.limit(ctx, p.String())
		defer cancel()
		began := time.Now()
		raw, err := d.toProxy(ctx, p)
		if err != nil {
			return nil, err
		}
		stepsOf(ctx).connected(time.Since(began))
		return newLink(d.counted(raw).ready(), nil), nil
	})
	forward.proxy = p
	if p.user != nil {
		password, _ := p.user.Password()
		forward.login = []byte("Proxy-Authorization: " + basic(p.user.Username(), password) + "\r\n")
	}
	return forward
}

// through connects to addr over p. Its error is a *Failure that names the proxy and the step.
func (d *dialer) through(ctx context.Context, p *proxy, addr string) (net.Conn, error) {
	if p.isSOCKS() {
		return d.throughSOCKS(ctx, p, addr)
	}
	c, err := d.toProxy(ctx, p)
	if err != nil {
		return nil, err
	}
	if err := p.tunnel(ctx, c, addr, d.agent); err != nil {
		_ = c.Close() // what the proxy said is what tells
		return nil, p.failed(ctx, "CONNECT "+addr, err)
	}
	return c, nil
}

// toProxy connects to p itself. Neither --private nor -k nor a client certificate is meant for it.
func (d *dialer) toProxy(ctx context.Context, p *proxy) (net.Conn, error) {
	c, err := d.direct(ctx, p.addr)
	if err != nil || p.scheme != "https" {
		return c, p.blame(err)
	}
	config := d.tls.Clone()
	config.ServerName, config.NextProtos = hostOf(p.addr), []string{"http/1.1"}
	config.InsecureSkipVerify, config.Certificates, config.GetClientCertificate = false, nil, nil
	secured, err := handshake(ctx, c, config.ServerName, config)
	if err != nil {
		return nil, p.blame(err)
	}
	return secured, nil
}

// blame puts the proxy into a Failure of the way to it: it is no fault of the host's name.
func (p *proxy) blame(err error) error {
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

// failed is the Failure of a step that the proxy was asked for.
func (p *proxy) failed(ctx context.Context, step string, err error) *Failure {
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

// tunnel asks for a tunnel to addr (RFC 9110 section 9.3.6). The end of ctx ends it.
func (p *proxy) tunnel(ctx context.Context, c net.Conn, addr, agent string) error {
	stop := context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) }) // a time long past
	err := p.connect(c, addr, agent)
	if !stop() {
		return context.Cause(ctx)
	}
	return err
}

// mostInterim is how many interim answers a proxy may give in front of its own.
const mostInterim = 5

func (p *proxy) connect(c net.Conn, addr, agent string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: addr}, Host: addr,
		Header: http.Header{"User-Agent": {agent}}}
	if p.user != nil {
		password, _ := p.user.Password()
		req.Header.Set("Proxy-Authorization", basic(p.user.Username(), password))
	}
	if err := req.Write(c); err != nil {
		return err
	}
	answer := &bounded{in: c, left: maxHeaderBytes}
	in := bufio.NewReader(answer)
	for range mostInterim {
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
			return &denial{resp.StatusCode}
		case in.Buffered() > 0:
			return failf(Protocol, "it sent more than an answer")
		}
		return nil
	}
	return failf(Protocol, "no answer after %d interim ones", mostInterim)
}

// A bounded reader remembers how what it reads from came to its end.
type bounded struct {
	in   io.Reader
	left int64
	end  error
}

func (b *bounded) Read(p []byte) (int, error) {
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

// A denial is a proxy's answer in place of a tunnel.
type denial struct{ status int }

func (r *denial) Error() string { return statusText(r.status) }

// throughSOCKS asks for a connection to addr (RFC 1928). With socks5 the name is looked up here, with socks5h there, as curl has it.
func (d *dialer) throughSOCKS(ctx context.Context, p *proxy, addr string) (net.Conn, error) {
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
	way := &toProxy{d: d, p: p}
	s, err := socks.SOCKS5("tcp", p.addr, auth, way)
	if err != nil {
		return nil, p.failed(ctx, "setting up", err)
	}
	if _, err = s.(socks.ContextDialer).DialContext(ctx, "tcp", to); err != nil {
		var failure *Failure
		if errors.As(err, &failure) {
			return nil, failure
		}
		return nil, p.failed(ctx, "asking for "+to, err)
	}
	return way.made, nil // what the client made of it hides the socket
}

// toProxy is how the SOCKS client connects to its proxy.
type toProxy struct {
	d    *dialer
	p    *proxy
	made net.Conn
}

// Dial is what socks.SOCKS5 wants and, given DialContext, never calls.
func (t *toProxy) Dial(_, _ string) (net.Conn, error) { return nil, errors.ErrUnsupported }

// DialContext is socks.ContextDialer's.
func (t *toProxy) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	c, err := t.d.toProxy(ctx, t.p)
	t.made = c
	return c, err
}

// resolve returns addr with the first usable address of its host in place of the name.
func (d *dialer) resolve(ctx context.Context, addr string) (string, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", err
	}
	found := d.known(host, port)
	if found == nil {
		if found, err = d.dialer.Resolver.LookupNetIP(stepsOf(ctx).lookups(ctx), "ip", host); err != nil {
			return "", err
		}
	}
	if found = d.usable(found); len(found) == 0 {
		return "", d.lacking()
	}
	return net.JoinHostPort(found[0].Unmap().String(), port), nil
}
