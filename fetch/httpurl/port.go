package httpurl

import "net/url"

// Port returns the port of an http or https URL, the usual one where it names none.
func Port(u *url.URL) string {
	if port := u.Port(); port != "" {
		return port
	}
	if u.Scheme == "https" {
		return "443"
	}
	return "80"
}
