package cmd

import (
	"batchfetch/fetch"
	"batchfetch/fetch/dial"
)

// readProxies sets the proxies of --proxy, else of the environment. As with curl lower case comes before upper case,
// ALL_PROXY is for a scheme without a variable of its own, and HTTP_PROXY is ignored where REQUEST_METHOD is set: under
// CGI a client sets it by a header Proxy. NO_PROXY holds for --proxy too. With --unix-socket the environment's proxies
// are ignored.
func readProxies(o *fetch.Options, proxy proxyFlag, lookup func(name string) string, found *problems) {
	o.NoProxy, _ = firstSet(lookup, "no_proxy", "NO_PROXY")
	if proxy.given {
		o.HTTPProxy, o.HTTPSProxy = proxy.text, proxy.text
		return
	}
	if o.UnixSocket != "" {
		return
	}
	plain := []string{"http_proxy", "HTTP_PROXY"}
	if lookup("REQUEST_METHOD") != "" {
		plain = plain[:1]
	}
	o.HTTPProxy = environmentProxy(lookup, found, append(plain, "all_proxy", "ALL_PROXY")...)
	o.HTTPSProxy = environmentProxy(lookup, found, "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY")
}

// environmentProxy returns the proxy of the first variable that is set; "" for none and for one that can't be used.
func environmentProxy(lookup func(name string) string, found *problems, names ...string) string {
	text, name := firstSet(lookup, names...)
	if err := dial.CheckProxy(text); err != nil {
		found.errors = append(found.errors, &usageError{
			name + " in the environment: " + err.Error(), "unset it, or give --proxy ''",
		})
		return ""
	}
	return text
}

// firstSet returns the first variable that is set and not empty, and its name.
func firstSet(lookup func(name string) string, names ...string) (text, name string) {
	for _, name := range names {
		if text := lookup(name); text != "" {
			return text, name
		}
	}
	return "", ""
}
