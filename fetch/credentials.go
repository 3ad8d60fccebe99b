package fetch

import (
	"net/http"
	"net/url"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/netrc"
)

// withAuthorization returns h with the Authorization that the user gave for u: the URL's userinfo, else that of every request, else
// the netrc's. A header of the user's own wins over all of them, as with curl. It is asked for what the input names and
// never after a redirect.
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

// hasLogin reports whether every request has credentials; tokens often come as a password without a name.
func (o *Options) hasLogin() bool { return o.Username != "" || o.Password != "" }

// credentialsFor asks the netrc for all that the URL leaves open: a password, or both.
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
