package fetch

import (
	"net/http"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/redact"
)

// isSecretHeader reports whether the values of a header of a request are secret.
func (o *Options) isSecretHeader(name string) bool {
	_, given := o.Header[name]
	return redact.IsSecretHeader(name) || given && isDroppedAcrossOrigins(name)
}

// secretsOf returns the values in the header of a request, sent, that are secret: those of headers that are so by their
// name, and of those that the user has given for all requests, but for ones that other origins get too; and the login
// of the proxy that has forwarded it, where that is not nil.
func (o *Options) secretsOf(sent http.Header, forwardedBy *dial.Proxy) []string {
	var secrets []string
	for name, values := range sent {
		if o.isSecretHeader(name) {
			for _, value := range values {
				secrets = append(secrets, redact.SecretsOf(name, value)...)
			}
		}
	}
	if p := forwardedBy; p != nil && p.Authorization() != "" {
		secrets = append(secrets, redact.SecretsOf("Proxy-Authorization", p.Authorization())...)
	}
	return secrets
}
