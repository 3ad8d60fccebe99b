package transport

import (
	"context"
	"iter"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"batchfetch/fetch/conn"
	"batchfetch/fetch/dial"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/transport/h2"
)

// A Transport makes HTTP exchanges over pooled connections. Which RoundTripper, and so which pool, a Call takes
// depends on where it goes and who named that place; see RoundTrip. Any goroutine may use it. All fields are set by
// New.
type Transport struct {
	direct       RoundTripper    // for Targets that the input named
	guarded      RoundTripper    // for PublicOnly ones: refuses private addresses; shares no connection with direct
	forward      RoundTripper    // for http:// URLs over an HTTP proxy, which is asked for whole URLs; nil: none is
	proxies      *dial.Proxies   // nil is no proxy
	bandwidth    *conn.Bandwidth // of all connections together; nil is no limit
	stalls       conn.StallSweep // watches the stall timers of all Calls
	privateName  func(netip.Addr) string
	private      dial.Policy
	isHTTP3      bool         // nothing else is spoken
	alternatives alternatives // of all RoundTrippers
	names        *dial.Names  // of all dialers; nil where exchanges are made over a RoundTripper of others
}

// New returns a Transport. Nothing is connected before the first RoundTrip.
func New(c Config) *Transport {
	t := &Transport{
		private: c.Private, proxies: dial.NewProxies(c.HTTPProxy, c.HTTPSProxy, c.NoProxy),
		bandwidth: conn.NewBandwidth(c.Bandwidth), alternatives: alternatives{store: c.Alternatives},
		isHTTP3: c.HTTP == HTTP3,
	}
	if t.privateName = c.Dial.Network.PrivateName; t.privateName == nil {
		t.privateName = dial.PrivateName
	}
	if c.Dial.UnixSocket != "" {
		t.private = dial.PrivateAllow
	}
	c.Dial.TLS, c.Dial.Bandwidth, c.Dial.CloseIdle = tlsConfig(c.TLS, c.HTTP), t.bandwidth, t.CloseIdle
	if c.Dial.PingTime == 0 {
		c.Dial.PingTime = pingTime(c.StallTimeout, c.Bandwidth, c.Concurrency)
	}
	t.names = dial.NewNames(&c.Dial)
	c.Dial.Names = t.names
	dialing, room := c.Dial, h2.NewWindows(growingWindows)
	dialing.Private, dialing.Proxies = dial.PrivateAllow, t.proxies
	direct := dial.New(dialing)
	dialing.Proxies, dialing.Private = nil, t.private
	guarded := dial.New(dialing)
	if t.private != dial.PrivateDeny {
		t.direct = t.newRoundTripper(&c, direct, guarded, room)
	}
	t.guarded = t.direct
	if t.private != dial.PrivateAllow {
		t.guarded = t.newRoundTripper(&c, guarded, guarded, room)
	}
	if t.direct == nil {
		t.direct = t.guarded
	}
	if c.HTTP != HTTP2 && c.HTTP != HTTP3 { // no proxy is spoken to in those
		dialing.Private = dial.PrivateAllow
		t.forward = newForwarding(&c, dial.New(dialing), t.proxies.HTTP())
	}
	return t
}

// newRoundTripper returns the RoundTripper for the versions of HTTP that c allows, over d. guarded refuses addresses
// that are not public.
func (t *Transport) newRoundTripper(c *Config, d, guarded *dial.Dialer, room *h2.Windows) RoundTripper {
	if c.HTTP == HTTP3 {
		return newHTTP3(c, d, room)
	}
	tcp := newNegotiating(c, d, room)
	if c.HTTP != Auto || c.Dial.UnixSocket != "" {
		return tcp
	}
	a := newAlternating(c, tcp, d, guarded, room)
	a.known, a.hasProxy, a.mustStayPublic = &t.alternatives, t.HasProxyFor, t.MustStayPublic
	return a
}

// Over returns a Transport that makes all exchanges over rt, without proxies, guard and bandwidth limit.
func Over(rt RoundTripper) *Transport {
	return &Transport{direct: rt, guarded: rt, privateName: dial.PrivateName, private: dial.PrivateAllow}
}

// RoundTrip makes the exchange of c up to the header of the response, over the RoundTripper for its Target: forward or
// direct where there is a proxy for the URL, else guarded for a PublicOnly Target, else direct. The end of ctx ends it,
// the body included. Its error is to be given to Call.Explain.
func (t *Transport) RoundTrip(ctx context.Context, c *Call) (*http.Response, error) {
	c.Stall.UseSweep(&t.stalls)
	if c.StartedAt.IsZero() {
		c.StartedAt = time.Now()
	}
	c.atOnce = true
	if proxy := c.Target.proxyFor(t.proxies); proxy != nil {
		if refusal := t.RefusalBehindProxy(c.Target); refusal != nil {
			return nil, refusal
		}
		if t.isHTTP3 {
			f := failure.New(failure.Protocol, "HTTP/3 goes over UDP and no proxy")
			f.Option = "http"
			return nil, f
		}
		if t.forward != nil && proxy.IsHTTP() && c.Target.URL.Scheme == "http" {
			return t.forward.RoundTrip(ctx, c)
		}
		return t.direct.RoundTrip(ctx, c)
	}
	rt := t.direct
	if c.Target.PublicOnly {
		rt = t.guarded
	}
	resp, err := rt.RoundTrip(ctx, c)
	if err != nil {
		t.suspectAddr(ctx, c)
	}
	return resp, err
}

// suspectAddr has the next dial to the host of a Call begin with another address, where the Call has failed before a
// response over a connection that was made for it, and was not cancelled.
func (t *Transport) suspectAddr(ctx context.Context, c *Call) {
	if t.names == nil || c.RemoteAddr() == "" || c.IsReused() || c.Responded() {
		return
	}
	if f := failure.FromContext(ctx); f == nil || f.Kind != failure.Canceled {
		t.names.Suspect(c.Target.URL.Hostname(), c.RemoteAddr())
	}
}

// CloseIdle closes the connections that carry no exchange.
func (t *Transport) CloseIdle() {
	for _, rt := range []RoundTripper{t.direct, t.guarded, t.forward} {
		if rt != nil {
			rt.CloseIdle()
		}
	}
}

// Close closes the connections that carry no exchange, and those that do once they become idle. It ends the look-ups of
// names.
func (t *Transport) Close() {
	for _, rt := range []RoundTripper{t.direct, t.guarded, t.forward} {
		if rt != nil {
			rt.Close()
		}
	}
	if t.names != nil {
		t.names.Close()
	}
}

// Lookups returns the look-ups of names up to now, and those of them that were answered from memory.
func (t *Transport) Lookups() (all, fromMemory int64) {
	if t.names == nil {
		return 0, 0
	}
	counts := t.names.Counts()
	return counts.Lookups, counts.FromMemory
}

// NamesWaitedFor returns for how long dials have waited for names up to now, in all.
func (t *Transport) NamesWaitedFor(now time.Time) time.Duration {
	if t.names == nil {
		return 0
	}
	return t.names.WaitedFor(now)
}

// BandwidthLimitedFor returns for how long in all, up to now, at least one exchange has waited for bandwidth.
func (t *Transport) BandwidthLimitedFor(now time.Time) time.Duration {
	return t.bandwidth.LimitedFor(now)
}

// HasProxyFor reports whether a Target is requested over a proxy: the address of its server is not known here then.
func (t *Transport) HasProxyFor(to *Target) bool { return to.proxyFor(t.proxies) != nil }

// IsPublic reports whether a is an address on the public network.
func (t *Transport) IsPublic(a netip.Addr) bool { return t.privateName(a) == "" }

// MustStayPublic reports whether a redirect of page, whose response came from the address remote, may lead to public
// addresses only.
func (t *Transport) MustStayPublic(page *Target, remote string) bool {
	if t.private != dial.PrivateRedirects {
		return false
	}
	if t.HasProxyFor(page) { // remote is the proxy's
		_, name := t.literalIn(page.URL)
		return name == ""
	}
	a, err := netip.ParseAddrPort(remote)
	return err != nil || t.IsPublic(a.Addr())
}

// RefusalBehindProxy returns why a Target may not be requested over a proxy; nil where it may. As the proxy looks names
// up, only an address that the URL spells out is checked. A host that ends in a number and is none is refused, as a
// proxy may read another one in it.
func (t *Transport) RefusalBehindProxy(to *Target) *failure.Failure {
	if !to.PublicOnly {
		return nil
	}
	host := to.URL.Hostname()
	a, name := t.literalIn(to.URL)
	switch {
	case name != "":
		return (&dial.BlockedError{Addr: a, Name: name, Policy: t.private}).Failure(host)
	case !a.IsValid() && dial.EndsInNumber(host):
		return failure.New(failure.BlockedAddress,
			"%s ends in a number and is no address, and a public page redirected to it: a proxy may read one in it", host)
	}
	return nil
}

// literalIn returns the address that a URL spells out, and the name of its kind where it is not public, else "".
func (t *Transport) literalIn(u *url.URL) (netip.Addr, string) {
	host := u.Hostname()
	if dial.IsLocalhost(host) {
		return dial.Loopbacks[0], t.privateName(dial.Loopbacks[0])
	}
	a, ok := dial.LiteralAddr(host)
	if !ok {
		return a, ""
	}
	return a, t.privateName(a)
}

// Release closes the idle connections over HTTP/1.1 to the origin of a Target, for which no requests are left, so that
// servers do not keep them for nothing. ended says that none will come; else only in a shortage of local ports, files
// or memory it does so.
func (t *Transport) Release(to *Target, ended bool) {
	for p := range t.tcpPools() {
		p.release(p.hostOf(to), ended)
	}
}

// CloseIdleTo closes at most n idle connections over HTTP/1.1 to the origin of a Target.
func (t *Transport) CloseIdleTo(to *Target, n int) {
	for p := range t.tcpPools() {
		n -= p.closeIdleTo(p.hostOf(to), n)
	}
}

// tcpPools yields the pools with connections over TCP.
func (t *Transport) tcpPools() iter.Seq[*pool] {
	return func(yield func(*pool) bool) {
		for _, rt := range []RoundTripper{t.direct, t.guarded} {
			p, is := rt.(*pool)
			if a, alternates := rt.(*alternating); alternates {
				p, is = a.tcp, true
			}
			if is && !yield(p) {
				return
			}
		}
	}
}
