package cmd

import (
	"os"

	"batchfetch/fetch"
)

// A chosenProxy is --proxy; an empty text that was given is none, whatever the environment says.
type chosenProxy struct {
	given bool
	text  string
}

// parseChosen finds nothing wrong, so that no error repeats a text that may hold a password: Validate looks at it.
func parseChosen(text string) (chosenProxy, error) {
	return chosenProxy{given: true, text: text}, nil
}

// takeProxies sets the proxies that --proxy or else the environment names, as curl does: lower case before upper case,
// ALL_PROXY where a scheme has none of its own. HTTP_PROXY is not read where REQUEST_METHOD is set: there a web server
// would have made it out of a stranger's Proxy header. NO_PROXY holds for --proxy too. With --unix-socket the environment's are
// not meant.
func (s *settings) takeProxies() {
	s.fetch.NoProxy, _ = firstSet("no_proxy", "NO_PROXY")
	if s.proxy.given {
		s.fetch.HTTPProxy, s.fetch.HTTPSProxy = s.proxy.text, s.proxy.text
		return
	}
	if s.fetch.UnixSocket != "" {
		return
	}
	plain := []string{"http_proxy", "HTTP_PROXY"}
	if os.Getenv("REQUEST_METHOD") != "" {
		plain = plain[:1]
	}
	s.fetch.HTTPProxy = s.environmentProxy(append(plain, "all_proxy", "ALL_PROXY")...)
	s.fetch.HTTPSProxy = s.environmentProxy("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
}

func (s *settings) environmentProxy(names ...string) string {
	text, name := firstSet(names...)
	if err := fetch.CheckProxy(text); err != nil {
		s.notes.list = append(s.notes.list, &usageError{name + " in the environment: " + err.Error(), "unset it, or give --proxy ''"})
		return ""
	}
	return text
}

// firstSet returns the first variable that is set to more than nothing.
func firstSet(names ...string) (text, name string) {
	for _, name := range names {
		if text := os.Getenv(name); text != "" {
			return text, name
		}
	}
	return "", ""
}

func registerConnection(r *registrar, s *settings) {
	o := &s.fetch
	r.group = "connection"
	add(r, &s.proxy, "proxy", "x", "url", "", "http://, https://, socks5:// or socks5h://[USER:PASSWORD@]HOST[:PORT]; better given as BATCHFETCH_PROXY; '' is none (default http_proxy, HTTPS_PROXY, ALL_PROXY, NO_PROXY)", parseChosen)
	r.text(&o.UnixSocket, "unix-socket", "", "path", "ask over this socket, whatever host a URL names; no proxy, no look-up, nothing for --private to check")
	r.list(&s.pins, "resolve", "", "host:port:addr", "ask this address for that host (* is any) and port in place of DNS; several with commas, and more than once")
	r.toggle(&o.IPv4, "ipv4", "4", "connect over IPv4 only")
	r.toggle(&o.IPv6, "ipv6", "6", "connect over IPv6 only")
	r.text(&s.cacert, "cacert", "", "file", "PEM certificates to trust in place of the system's")
	r.text(&s.cert, "cert", "E", "file", "PEM client certificate")
	r.text(&s.key, "key", "", "file", "PEM key of the client certificate, where it is not in the same file")
	r.toggle(&s.insecure, "insecure", "k", "do not check the server's certificate")
	add(r, &o.HTTP, "http", "", "version", string(o.HTTP), "auto, 1.1 or 2", oneOf(fetch.HTTPAuto, fetch.HTTP1, fetch.HTTP2))
	add(r, &o.Private, "private", "", "rule", string(o.Private), "redirects (public pages may not redirect to private addresses), deny (no private addresses at all) or allow",
		oneOf(fetch.PrivateRedirects, fetch.PrivateDeny, fetch.PrivateAllow))
}

// readPins reads --resolve.
func (s *settings) readPins() {
	for _, text := range s.pins {
		pin, err := fetch.ParseOverride(text)
		if err != nil {
			s.notes.add("resolve", err.Error(), "write example.com:443:192.0.2.1")
			continue
		}
		s.fetch.Resolve = append(s.fetch.Resolve, pin)
	}
}
