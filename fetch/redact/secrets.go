package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
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

// Secrets returns text with every occurrence of a secret replaced by Placeholder, the longest first: as it is, as
// JSON, HTML, URLs and forms have it, and in UTF-16. Without one it is text itself. It sorts secrets.
func Secrets(text []byte, secrets []string) []byte {
	slices.SortFunc(secrets, func(a, b string) int { return len(b) - len(a) })
	for _, secret := range secrets {
		for _, form := range formsOf(secret) {
			text = replaceAll(text, form, Placeholder)
		}
	}
	for _, secret := range secrets {
		for _, isBig := range []bool{false, true} {
			text = replaceAll(text, utf16Of(secret, isBig), utf16Of(Placeholder, isBig))
		}
	}
	return text
}

// Header is Secrets for the values of a header: h itself where it has none, else a copy.
func Header(h http.Header, secrets []string) http.Header {
	var masked http.Header
	for name, values := range h {
		for i, value := range values {
			shown := Secrets([]byte(value), secrets)
			if string(shown) == value {
				continue
			}
			if masked == nil {
				masked = h.Clone()
			}
			masked[name][i] = string(shown)
		}
	}
	if masked == nil {
		return h
	}
	return masked
}

// replaceAll is bytes.ReplaceAll that makes no copy where there is nothing to replace.
func replaceAll(text []byte, old, replacement string) []byte {
	if !bytes.Contains(text, []byte(old)) {
		return text
	}
	return bytes.ReplaceAll(text, []byte(old), []byte(replacement))
}

// How others write text: HTML with another form of quotes than html.EscapeString, JSON that leaves < > & as they are,
// and PHP's, which escapes slashes.
var (
	asHTML = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;")
	asJSON = strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	asPHP  = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "/", `\/`)
)

// formsOf returns how a server may write a secret that it repeats, without doubles.
func formsOf(secret string) []string {
	quoted, _ := json.Marshal(secret) // no string has an error
	forms := []string{secret, string(quoted[1 : len(quoted)-1]), asJSON.Replace(secret), asPHP.Replace(secret),
		html.EscapeString(secret), asHTML.Replace(secret), url.PathEscape(secret), url.QueryEscape(secret),
		strings.ReplaceAll(url.QueryEscape(secret), "+", "%20")}
	slices.Sort(forms)
	return slices.Compact(forms)
}

// utf16Of returns ASCII text in UTF-16, in big-endian or little-endian order.
func utf16Of(text string, isBig bool) string {
	wide := make([]byte, 2*len(text))
	for i := range len(text) {
		if isBig {
			wide[2*i+1] = text[i]
		} else {
			wide[2*i] = text[i]
		}
	}
	return string(wide)
}
