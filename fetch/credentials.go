package fetch

import (
	"net/http"
	"net/url"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/login"
	"batchfetch/fetch/netrc"
)

// credentials are what the Options of a run, or of a host, have to prove who asks. Those who use them share them; they
// are not written to once the targeter is made.
type credentials struct {
	options *Options
	prover  *prover                        // for every request; nil is none, or they are in its header
	ofHosts map[*HostSettings]*credentials // of hosts with settings of their own
}

// newCredentials returns those of the Options but for their Hosts, and base, the header of every request, with what is
// sent of them.
func newCredentials(o *Options, base http.Header) (*credentials, http.Header) {
	c := &credentials{options: o}
	switch _, given := o.Header["Authorization"]; {
	case given:
	case o.hasLogin():
		base, c.prover = o.proveBy(base, login.Credentials{User: o.Username, Password: o.Password})
	case o.hasSigningKeys():
		c.prover = &prover{sigV4: o.SigV4}
	}
	return c, base
}

// withAuthorization returns h with the credentials for u, and the prover of those that are not sent: the userinfo of u,
// else Options.Username and Password, which h has already, else those of the netrc, else the keys of SigV4. A header of
// the user's own wins over all of them, as with curl. It is called for URLs of the input only; for the target of a
// redirect there is withHostSecrets.
func (c *credentials) withAuthorization(h http.Header, u *url.URL) (http.Header, *prover) {
	if u.User == nil && (c.options.Netrc == nil || c.options.hasLogin()) {
		return h, c.prover
	}
	if _, given := c.options.Header["Authorization"]; given {
		return h, nil
	}
	l, found := c.loginFor(u)
	if !found {
		return h, c.prover
	}
	return c.options.proveBy(h, login.Credentials{User: l.Name, Password: l.Password})
}

// hasLogin reports whether there are credentials for every request; tokens often are a password without a name.
func (o *Options) hasLogin() bool { return o.Username != "" || o.Password != "" }

// loginFor returns the userinfo of u, completed from the netrc where it has no password; false is no credentials.
func (c *credentials) loginFor(u *url.URL) (netrc.Credentials, bool) {
	var own netrc.Credentials
	if u.User != nil {
		password, known := u.User.Password()
		own = netrc.Credentials{Name: u.User.Username(), Password: password}
		if known {
			return own, true
		}
	}
	if c.options.Netrc != nil {
		if l, found := c.options.Netrc.Login(u.Hostname(), own.Name); found {
			return l, true
		}
	}
	return own, u.User != nil
}

// withHostSecrets returns h with the secrets that belong to the host of u, wherever a chain of redirects or pages that
// led there began, and the prover of those that are not sent: those of its entry in the hosts file, where that has a
// login, else those of its own entry in the netrc (curl -n -L). They go by https alone, with GET and HEAD. An
// Authorization that h has already is kept.
func (c *credentials) withHostSecrets(h http.Header, u *url.URL, method string) (http.Header, *prover) {
	if u.Scheme != "https" || method != http.MethodGet && method != http.MethodHead {
		return h, nil
	}
	options := c.options
	if own := c.options.Hosts.Of(httpurl.Origin(u)); own != nil {
		of := c.ofHosts[own]
		if options = of.options; own.Login {
			if h = mergeHeaders(h, own.Header); own.hasLogin() {
				return options.proveBy(h, login.Credentials{User: own.Username, Password: own.Password})
			}
			if own.SigV4 != nil {
				return h, of.prover
			}
		}
	}
	if values, given := c.options.Header["Authorization"]; given && values == nil { // the user takes it away
		return h, nil
	}
	if _, given := h["Authorization"]; given || c.options.Netrc == nil {
		return h, nil
	}
	l, found := c.options.Netrc.NamedLogin(u.Hostname())
	if !found {
		return h, nil
	}
	return options.proveBy(h, login.Credentials{User: l.Name, Password: l.Password})
}

// proveBy returns h with an Authorization for Basic authentication (RFC 7617) or, where the Options have another
// scheme, without one, and the prover for that.
func (o *Options) proveBy(h http.Header, who login.Credentials) (http.Header, *prover) {
	switch {
	case o.SigV4 != nil:
		signing := *o.SigV4
		signing.Keys = login.Keys{ID: who.User, Secret: who.Password}
		return h, &prover{sigV4: &signing}
	case o.Digest:
		return h, &prover{who: who}
	}
	return mergeHeaders(h, http.Header{"Authorization": {dial.BasicAuth(who.User, who.Password)}}), nil
}

// hasSigningKeys reports whether there are keys to sign requests with that belong to no host.
func (o *Options) hasSigningKeys() bool { return o.SigV4 != nil && o.SigV4.ID != "" }
