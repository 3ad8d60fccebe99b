package dial

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"batchfetch/fetch/httpurl"
)

// A Proxy is a server that connects, or asks, in our place.
type Proxy struct {
	scheme string // http, https, socks5 or socks5h
	addr   string // host:port
	user   *url.Userinfo
}

// String names the proxy without its credentials.
func (p *Proxy) String() string { return p.scheme + "://" + p.addr }

// IsHTTP reports whether p is an HTTP proxy, which can be asked for whole http:// URLs. A nil proxy is none.
func (p *Proxy) IsHTTP() bool { return p != nil && !p.isSOCKS() }

// Authorization returns the value of a Proxy-Authorization header for p; empty where it has no credentials.
func (p *Proxy) Authorization() string {
	if p.user == nil {
		return ""
	}
	password, _ := p.user.Password()
	return BasicAuth(p.user.Username(), password)
}

func (p *Proxy) isSOCKS() bool { return p.scheme == "socks5" || p.scheme == "socks5h" }

// proxyPorts are curl's where none is given; the keys are the schemes there are.
var proxyPorts = map[string]string{"http": "1080", "https": "443", "socks5": "1080", "socks5h": "1080"}

// CheckProxy says what is wrong with the URL of a proxy, without a piece of it: it may hold a password.
func CheckProxy(text string) error {
	_, err := parseProxy(text)
	return err
}

// parseProxy reads [SCHEME://][USER:PASSWORD@]HOST[:PORT] as curl does: without a scheme it is http. "" is no proxy.
func parseProxy(text string) (*Proxy, error) {
	if text == "" {
		return nil, nil
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := httpurl.ParseReference(text)
	if err != nil {
		return nil, fmt.Errorf("is no URL of a proxy: %w", err)
	}
	usual, known := proxyPorts[u.Scheme]
	if !known {
		return nil, errors.New("has a scheme that is not http, https, socks5 or socks5h")
	}
	port := u.Port()
	if port == "" {
		port = usual
	} else if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return nil, errors.New("has a port that is not 1 to 65535")
	}
	named := *u
	named.Scheme = "http" // a proxy's host is a host as any other
	checked, err := httpurl.Check(&named)
	if err != nil {
		return nil, fmt.Errorf("is no URL of a proxy: %w", err)
	}
	return &Proxy{scheme: u.Scheme, addr: net.JoinHostPort(checked.Hostname(), port), user: u.User}, nil
}

// Proxies say which URLs go over which proxy; nil is none at all.
type Proxies struct {
	http, https *Proxy // for URLs of that scheme; nil is none
	bypass      bypass
}

// NewProxies returns the proxies for http:// and https:// URLs, given as curl -x takes them and checked by CheckProxy, with the hosts
// that noProxy lists left out. It returns nil where both are empty.
func NewProxies(httpProxy, httpsProxy, noProxy string) *Proxies {
	plain, _ := parseProxy(httpProxy)
	secure, _ := parseProxy(httpsProxy)
	if plain == nil && secure == nil {
		return nil
	}
	return &Proxies{http: plain, https: secure, bypass: parseBypass(noProxy)}
}

// HTTP returns the proxy for http:// URLs; nil is none.
func (p *Proxies) HTTP() *Proxy {
	if p == nil {
		return nil
	}
	return p.http
}

// ForURL returns the proxy for u; nil is none.
func (p *Proxies) ForURL(u *url.URL) *Proxy {
	if p == nil {
		return nil
	}
	return p.choose(u.Scheme, u.Hostname(), httpurl.Port(u))
}

// atAddr returns the proxy for a URL of that scheme whose host and port are addr; nil is none.
func (p *Proxies) atAddr(scheme, addr string) *Proxy {
	if p == nil {
		return nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil
	}
	return p.choose(scheme, host, port)
}

func (p *Proxies) choose(scheme, host, port string) *Proxy {
	chosen := p.http
	if scheme == "https" {
		chosen = p.https
	}
	if chosen == nil || p.bypass.covers(host, port) {
		return nil
	}
	return chosen
}

// A bypass lists the hosts that are asked without a proxy.
type bypass []bypassRule

// A bypassRule is an address range or the end of a name; neither is every host.
type bypassRule struct {
	prefix netip.Prefix
	name   string
	port   string // "" is every port
}

// parseBypass reads NO_PROXY: names, which stand for what is below them too, addresses, ranges such as 10.0.0.0/8 and *,
// between commas or spaces, each with a :port or without one. As with curl, loopback is no exception by itself.
func parseBypass(text string) bypass {
	var list bypass
	for _, entry := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == ' ' || c == '\t' }) {
		rule := bypassRule{}
		if prefix, err := netip.ParsePrefix(entry); err == nil {
			rule.prefix = prefix.Masked()
			list = append(list, rule)
			continue
		}
		if host, port, err := net.SplitHostPort(entry); err == nil {
			entry, rule.port = host, port
		}
		entry = strings.Trim(entry, "[]")
		if a, err := netip.ParseAddr(entry); err == nil {
			rule.prefix = netip.PrefixFrom(a.WithZone("").Unmap(), a.Unmap().BitLen())
		} else if entry != "*" {
			rule.name = httpurl.ASCIIHost(strings.ToLower(strings.Trim(strings.TrimPrefix(entry, "*"), ".")))
			if rule.name == "" {
				continue
			}
		}
		list = append(list, rule)
	}
	return list
}

func (b bypass) covers(host, port string) bool {
	if len(b) == 0 {
		return false
	}
	a, isAddr := LiteralAddr(host)
	a = a.WithZone("").Unmap()
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	for _, rule := range b {
		switch {
		case rule.port != "" && rule.port != port:
		case rule.prefix.IsValid():
			if isAddr && rule.prefix.Contains(a) {
				return true
			}
		case rule.name == "", !isAddr && (host == rule.name || strings.HasSuffix(host, "."+rule.name)):
			return true
		}
	}
	return false
}
