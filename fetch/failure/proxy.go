package failure

import "net/http"

// A ProxyRefusal is that a proxy refused to pass a request on: the status code, other than 2xx, of its response (RFC
// 9110 section 9.3.6), or for a SOCKS server the one with the same meaning.
type ProxyRefusal struct {
	Status int
	Header http.Header // of the response; nil for a SOCKS server
	Text   string      // what a SOCKS server said; empty for an HTTP proxy
}

// Error returns Text, or the status with its reason phrase.
func (r *ProxyRefusal) Error() string {
	if r.Text != "" {
		return r.Text
	}
	return StatusText(r.Status)
}

// IsLogin reports whether the proxy wants a user and password, or others: 407 or, of tinyproxy for wrong ones, 401.
func (r *ProxyRefusal) IsLogin() bool {
	return r.Status == http.StatusProxyAuthRequired || r.Status == http.StatusUnauthorized
}
