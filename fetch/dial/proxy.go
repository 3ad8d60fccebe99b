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

// The values of Failure.Option of a failure of a proxy that are no names of options.
const (
	OptionProxyDown = "proxy-down" // no connection to the proxy itself
	OptionProxyStep = "proxy-step" // the proxy makes no connection to the host
)

// A Proxy is a forward proxy: an HTTP proxy (RFC 9110 section 3.7) or a SOCKS5 server (RFC 1928).
type Proxy struct {
	scheme string        // http, https, socks5 or socks5h
	addr   string        // host:port
	user   *url.Userinfo // nil is no credentials
}

// String returns the URL of the proxy without its credentials.
func (p *Proxy) String() string { return p.scheme + "://" + p.addr }

// IsHTTP reports whether p is an HTTP proxy, which can be asked for whole http:// URLs. It is false for a nil Proxy.
func (p *Proxy) IsHTTP() bool { return p != nil && !p.isSOCKS() }

// Authorization returns the value of the Proxy-Authorization header for p; "" where p has no credentials.
func (p *Proxy) Authorization() string {
	if p.user == nil {
		return ""
	}
	password, _ := p.user.Password()
	return BasicAuth(p.user.Username(), password)
}

func (p *Proxy) isSOCKS() bool { return p.scheme == "socks5" || p.scheme == "socks5h" }

// proxyPorts are the default ports, curl's, by the schemes that a proxy can have.
var proxyPorts = map[string]string{"http": "1080", "https": "443", "socks5": "1080", "socks5h": "1080"}

// CheckProxy returns what is wrong with the URL of a proxy; nil is nothing. The error quotes no part of the URL, which
// may contain a password.
func CheckProxy(text string) error {
	_, err := parseProxy(text)
	return err
}

// ProxyName returns the URL of a proxy without its password, which tells apart whom others see behind it: services that
// choose a country go by the user. text is one that CheckProxy accepts; "" is none.
func ProxyName(text string) string {
	p, _ := parseProxy(text)
	switch {
	case p == nil:
		return ""
	case p.user == nil:
		return p.String()
	}
	return p.scheme + "://" + url.QueryEscape(p.user.Username()) + "@" + p.addr
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
	named.Scheme = "http" // so that Check accepts it: the rules for the host are the same
	checked, err := httpurl.Check(&named)
	if err != nil {
		return nil, fmt.Errorf("is no URL of a proxy: %w", err)
	}
	if host := checked.Hostname(); isNumber(host) {
		return nil, errors.New("has a number for a host: write its name or address, as in http://127.0.0.1:3128")
	}
	return &Proxy{scheme: u.Scheme, addr: net.JoinHostPort(checked.Hostname(), port), user: u.User}, nil
}

// isNumber reports whether a host is numbers alone, such as 3128 or 127.1, and no whole IP address. Resolvers take such
// a text for an address; of a proxy it is a port, or the value of another flag.
func isNumber(host string) bool {
	_, err := netip.ParseAddr(host)
	return err != nil && strings.Trim(host, "0123456789.") == ""
}

// Proxies are the proxies of a run, and the hosts that are reached without one. A nil *Proxies is no proxy for any URL.
type Proxies struct {
	http, https *Proxy // for URLs of that scheme; nil is no proxy
	bypass      bypass
}

// NewProxies returns the proxies for http:// and https:// URLs, given as curl -x takes them and checked by CheckProxy,
// but for the hosts in noProxy, a list as NO_PROXY has it. It returns nil where both are empty.
func NewProxies(httpProxy, httpsProxy, noProxy string) *Proxies {
	plain, _ := parseProxy(httpProxy)
	secure, _ := parseProxy(httpsProxy)
	if plain == nil && secure == nil {
		return nil
	}
	return &Proxies{http: plain, https: secure, bypass: parseBypass(noProxy)}
}

// HTTP returns the proxy for http:// URLs; nil is no proxy.
func (p *Proxies) HTTP() *Proxy {
	if p == nil {
		return nil
	}
	return p.http
}

// ForURL returns the proxy for u; nil is no proxy.
func (p *Proxies) ForURL(u *url.URL) *Proxy {
	if p == nil {
		return nil
	}
	return p.choose(u.Scheme, u.Hostname(), httpurl.Port(u))
}

// forAddr returns the proxy for a URL of that scheme whose host and port are addr; nil is no proxy.
func (p *Proxies) forAddr(scheme, addr string) *Proxy {
	if p == nil {
		return nil
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil
	}
	return p.choose(scheme, host, port)
}

// choose returns the proxy for a URL with that scheme, host and port; nil is no proxy.
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

// A bypass is the list of hosts that are reached without a proxy (NO_PROXY).
type bypass []bypassRule

// A bypassRule is an address range or a domain; with neither it covers every host.
type bypassRule struct {
	prefix netip.Prefix
	name   string // the domain and all below it
	port   string // "" is every port
}

// parseBypass reads NO_PROXY: domains, addresses, ranges such as 10.0.0.0/8 and *, separated by commas or spaces, each
// but a range with a :port or without one. As with curl, loopback is not on the list by itself. What can't be read is
// skipped.
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

// covers reports whether a host and port are on the list.
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
