package failure

import (
	"net/http"
	"slices"
	"strings"
)

// A ProxyRefusal is that a proxy refused to pass a request on: the status code, other than 2xx, of its response (RFC
// 9110 section 9.3.6), or for a SOCKS server the one with the same meaning.
type ProxyRefusal struct {
	Status int
	Header http.Header // of the response; nil for a SOCKS server
	Text   string      // what a SOCKS server said; empty for an HTTP proxy
	Says   string      // why an HTTP proxy refused, in its words; empty where it said nothing that is a line of text
}

// Error returns Text, or the status with its reason phrase, and what logins the proxy takes where Basic is not one, or
// Says.
func (r *ProxyRefusal) Error() string {
	if r.Text != "" {
		return r.Text
	}
	if schemes := r.otherLogins(); len(schemes) > 0 {
		return StatusText(r.Status) + ": it takes a login by " + strings.Join(schemes, " or ") + ", and not by Basic"
	}
	if r.Says != "" {
		return StatusText(r.Status) + ": " + r.Says
	}
	return StatusText(r.Status)
}

// OptionNoLogin is the value of Failure.Option for a 407 without a Proxy-Authenticate, which it has to have (RFC 9110
// section 15.5.8): Smokescreen 0.1.0 refuses hosts so, and knows no login.
const OptionNoLogin = "proxy-no-login"

// OptionOtherLogin is the value of Failure.Option for a proxy that takes no login by Basic, the only one that there is
// for proxies.
const OptionOtherLogin = "proxy-login"

// LoginOption is the value of Failure.Option for a refusal that IsLogin.
func (r *ProxyRefusal) LoginOption() string {
	switch {
	case len(r.otherLogins()) > 0:
		return OptionOtherLogin
	case r.Text == "" && r.Status == http.StatusProxyAuthRequired && r.Header.Get("Proxy-Authenticate") == "":
		return OptionNoLogin
	}
	return "proxy"
}

// otherLogins returns the known authentication schemes that the proxy takes (RFC 9110 section 11.7.1); none where it
// takes Basic, too.
func (r *ProxyRefusal) otherLogins() []string {
	challenges := r.Header.Values("Proxy-Authenticate")
	if r.Status != http.StatusProxyAuthRequired || HasChallenge(challenges, "basic") {
		return nil
	}
	schemes := []string{"Negotiate", "NTLM", "Kerberos", "Digest", "Bearer"}
	return slices.DeleteFunc(schemes, func(s string) bool { return !HasChallenge(challenges, strings.ToLower(s)) })
}

// HasChallenge reports whether the lines of a WWW-Authenticate or Proxy-Authenticate field have a challenge of a scheme
// (in lower case).
func HasChallenge(lines []string, scheme string) bool {
	return slices.ContainsFunc(lines, func(line string) bool {
		for part := range strings.SplitSeq(strings.ToLower(line), ",") {
			if name, _, _ := strings.Cut(strings.TrimSpace(part), " "); name == scheme {
				return true
			}
		}
		return false
	})
}

// IsLogin reports whether the proxy wants a user and password, or others: 407 or, of tinyproxy for wrong ones, 401.
func (r *ProxyRefusal) IsLogin() bool {
	return r.Status == http.StatusProxyAuthRequired || r.Status == http.StatusUnauthorized
}
