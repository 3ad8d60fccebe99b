package fetch

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
)

// A road is a pooled client.
type road interface {
	// ask sends what x is to ask, and returns once the header of the answer has come. The end of ctx ends it, the body included.
	ask(ctx context.Context, x *exchange) (*http.Response, error)
	close() // hangs up what is idle
	end()   // is the last close
}

// Roads are the pooled clients of a run. Which one an exchange takes depends on where it goes and who sent it there.
type roads struct {
	open      road       // wherever the input may lead
	guarded   road       // refuses addresses that are not public; no connection of open is ever in its pool
	forward   road       // http:// over an HTTP proxy, which is asked for whole URLs; nil is none
	proxies   *proxies   // nil is none
	bandwidth *bandwidth // of all of them; nil is no limit
	private   func(netip.Addr) string
	rule      Private
}

func newRoads(o *Options, n network) roads {
	r := roads{private: n.private, rule: o.Private, proxies: newProxies(o), bandwidth: newBandwidth(o.Bandwidth)}
	if o.UnixSocket != "" {
		r.rule = PrivateAllow
	}
	direct := newDialer(o, n)
	direct.bandwidth = r.bandwidth
	direct.closeIdle = r.close
	if r.rule != PrivateDeny {
		direct.proxies = r.proxies
		r.open = newEither(o, direct)
	}
	r.guarded = r.open
	if r.rule != PrivateAllow {
		careful := *direct
		careful.proxies, careful.rule = nil, r.rule
		r.guarded = newEither(o, &careful)
	}
	if r.open == nil {
		r.open = r.guarded
	}
	if r.proxies != nil && r.proxies.http.forwards(o) {
		r.forward = newForwarder(o, direct, r.proxies.http)
	}
	return r
}

// close hangs up what is idle.
func (r *roads) close() {
	for _, each := range []road{r.open, r.guarded, r.forward} {
		if each != nil {
			each.close()
		}
	}
}

// end hangs up what is idle, and whatever would be from now on.
func (r *roads) end() {
	for _, each := range []road{r.open, r.guarded, r.forward} {
		if each != nil {
			each.end()
		}
	}
}

// to returns the client that asks t.
func (r *roads) to(t *target) road {
	if p := r.proxies.of(t.url); p != nil {
		switch blocked := r.blockedBehind(t); {
		case blocked != nil:
			return barred{blocked}
		case r.forward != nil && t.url.Scheme == "http":
			return r.forward
		}
		return r.open
	}
	if t.wary {
		return r.guarded
	}
	return r.open
}

// distrusts reports whether a redirect of page, which answered from the address remote, may only lead to public addresses.
func (r *roads) distrusts(page *target, remote string) bool {
	if r.rule != PrivateRedirects {
		return false
	}
	if r.proxies.of(page.url) != nil { // remote is the proxy's
		_, name := r.spelled(page.url)
		return name == ""
	}
	a, err := netip.ParseAddrPort(remote)
	return err != nil || r.private(a.Addr()) == ""
}

// blockedBehind is what can be said of a target behind a proxy, which looks names up by itself.
func (r *roads) blockedBehind(t *target) *Failure {
	if !t.wary {
		return nil
	}
	a, name := r.spelled(t.url)
	if name == "" {
		return nil
	}
	return (&blockedError{addr: a, name: name, rule: r.rule}).of(t.url.Hostname())
}

// spelled returns the address that a URL spells out, and what kind it is where it is not public.
func (r *roads) spelled(u *url.URL) (netip.Addr, string) {
	host := u.Hostname()
	if isLocalhost(host) {
		return loopbacks[0], r.private(loopbacks[0])
	}
	a, ok := literalAddr(host)
	if !ok {
		return a, ""
	}
	return a, r.private(a)
}

// Barred is the road of an exchange that may not be.
type barred struct{ why *Failure }

func (b barred) ask(context.Context, *exchange) (*http.Response, error) {
	return nil, b.why
}

func (barred) close() {}

func (barred) end() {}

// checkRoads is the part of Validate that tells of proxies and addresses.
func (o *Options) checkRoads(check func(good bool, flag, hint, problem string, args ...any)) {
	for i, text := range []string{o.HTTPProxy, o.HTTPSProxy} {
		err := CheckProxy(text)
		if repeated := i == 1 && text == o.HTTPProxy; !repeated {
			check(err == nil, "proxy", "write http://HOST:PORT, https://, socks5:// or socks5h://", "%v", err)
		}
	}
	check(o.UnixSocket == "" || o.HTTPProxy == "" && o.HTTPSProxy == "", "unix-socket", "", "and --proxy exclude each other")
	for _, each := range o.Resolve {
		check(each.Host != "" && each.Port != 0 && len(each.Addrs) > 0, "resolve", "write HOST:PORT:ADDRESS", "lacks its host, port or address")
	}
	check(!o.IPv4 || !o.IPv6, "ipv4", "", "and --ipv6 exclude each other")
	known := o.Private == PrivateAllow || o.Private == PrivateRedirects || o.Private == PrivateDeny
	check(known, "private", "", "is %q, must be allow, redirects or deny", o.Private)
	check(o.Private != PrivateDeny || o.HTTPProxy == "" && o.HTTPSProxy == "", "private", "--proxy '' asks without the proxy of the environment",
		"is deny, which can't be enforced behind a proxy: that looks names up and connects by itself")
}
