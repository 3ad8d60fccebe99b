package fetch

import (
	"net/http"
	"net/url"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/netrc"
)

// withAuthorization returns h with an Authorization for Basic authentication (RFC 7617): by the userinfo of u, else by
// Options.Username and Password, which h has already, else by the netrc. A header of the user's own wins over all of
// them, as with curl. It is called for URLs of the input only; for the target of a redirect there is withHostSecrets.
func (tg *targeter) withAuthorization(h http.Header, u *url.URL) http.Header {
	if u.User == nil && (tg.options.Netrc == nil || tg.options.hasLogin()) {
		return h
	}
	if _, given := tg.options.Header["Authorization"]; given {
		return h
	}
	l, found := tg.credentialsFor(u)
	if !found {
		return h
	}
	return mergeHeaders(h, http.Header{"Authorization": {dial.BasicAuth(l.Name, l.Password)}})
}

// hasLogin reports whether there are credentials for every request; tokens often are a password without a name.
func (o *Options) hasLogin() bool { return o.Username != "" || o.Password != "" }

// credentialsFor returns the userinfo of u, completed from the netrc where it has no password; false is no credentials.
func (tg *targeter) credentialsFor(u *url.URL) (netrc.Credentials, bool) {
	var own netrc.Credentials
	if u.User != nil {
		password, known := u.User.Password()
		own = netrc.Credentials{Name: u.User.Username(), Password: password}
		if known {
			return own, true
		}
	}
	if tg.options.Netrc != nil {
		if l, found := tg.options.Netrc.Login(u.Hostname(), own.Name); found {
			return l, true
		}
	}
	return own, u.User != nil
}

// withHostSecrets returns h with the secrets that belong to the host of u, wherever a chain of redirects or pages that
// led there began: those of its entry in the hosts file, where that has a login, else those of its own entry in the
// netrc (curl -n -L). They go by https alone, with GET and HEAD. An Authorization that h has already is kept.
func (tg *targeter) withHostSecrets(h http.Header, u *url.URL, method string) http.Header {
	if u.Scheme != "https" || method != http.MethodGet && method != http.MethodHead {
		return h
	}
	if own := tg.options.Hosts.Of(httpurl.Origin(u)); own != nil && own.Login {
		if h = mergeHeaders(h, own.Header); own.hasLogin() {
			return mergeHeaders(h, http.Header{"Authorization": {dial.BasicAuth(own.Username, own.Password)}})
		}
	}
	if values, given := tg.options.Header["Authorization"]; given && values == nil { // the user takes it away
		return h
	}
	if _, given := h["Authorization"]; given || tg.options.Netrc == nil {
		return h
	}
	l, found := tg.options.Netrc.NamedLogin(u.Hostname())
	if !found {
		return h
	}
	return mergeHeaders(h, http.Header{"Authorization": {dial.BasicAuth(l.Name, l.Password)}})
}
