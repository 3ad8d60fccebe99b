package redact

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// minSecret is the shortest secret, in bytes, that is looked for in a text: shorter ones are in any text by chance.
const minSecret = 4

// SecretsOf returns the texts by which the value of a secret request header could be known where a server repeats it:
// the value, a token without its scheme, user and password of Basic authentication (RFC 7617), and each cookie's value.
func SecretsOf(name, value string) []string {
	secrets := []string{value}
	switch {
	case strings.EqualFold(name, "Cookie"):
		for pair := range strings.SplitSeq(value, ";") {
			_, cookie, _ := strings.Cut(strings.TrimSpace(pair), "=")
			secrets = append(secrets, cookie)
		}
	case strings.EqualFold(name, "Authorization"), strings.EqualFold(name, "Proxy-Authorization"):
		scheme, token, _ := strings.Cut(value, " ")
		secrets = append(secrets, token)
		if text, err := base64.StdEncoding.DecodeString(token); err == nil && strings.EqualFold(scheme, "Basic") {
			_, password, _ := strings.Cut(string(text), ":")
			secrets = append(secrets, string(text), password)
		}
	}
	return slices.DeleteFunc(secrets, func(secret string) bool { return len(secret) < minSecret })
}

// Secrets returns text with every occurrence of a secret replaced by Placeholder, the longest first. Without one it is
// text itself. It sorts secrets.
func Secrets(text []byte, secrets []string) []byte {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		if bytes.Contains(text, []byte(secret)) {
			text = bytes.ReplaceAll(text, []byte(secret), []byte(Placeholder))
		}
	}
	return text
}
