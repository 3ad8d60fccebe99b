package resp

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// ErrScheme is that of a URL which is neither redis:// nor rediss://.
var ErrScheme = errors.New("must be redis:// or rediss://")

// ParseURL returns the Config for redis://[user:password@]host[:port][/db], or rediss:// for TLS; nil roots are those
// of the system. Its error never repeats a piece of the URL, which may be a piece of a password.
func ParseURL(address string, roots *x509.CertPool, timeout time.Duration, conns int) (Config, error) {
	u, err := url.Parse(address)
	if err != nil {
		return Config{}, errors.New("is no URL: percent-encode what is special in a password")
	}
	c := Config{Addr: net.JoinHostPort(u.Hostname(), portOf(u)), Timeout: timeout, Conns: conns}
	switch {
	case u.Scheme == "rediss":
		c.TLS = &tls.Config{ServerName: u.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12}
	case u.Scheme != "redis":
		return Config{}, ErrScheme
	}
	if u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" {
		return Config{}, errors.New("must be redis://[user:password@]host[:port][/db]")
	}
	if db := strings.Trim(u.Path, "/"); db != "" {
		if c.DB, err = strconv.Atoi(db); err != nil || c.DB < 0 {
			return Config{}, errors.New("names a database that is no number")
		}
	}
	if u.User != nil {
		c.Username = u.User.Username()
		c.Password, _ = u.User.Password()
	}
	return c, nil
}

// portOf returns the port of a URL, or the default one.
func portOf(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	return "6379"
}
