/*
Package redact replaces what is secret in text that is shown: userinfo of URLs, cookie values, the values of secret
headers, and the unusable part of input lines and header names.

	URL, URLs, Line, SetCookie                 redact.go
	HeaderName                                 header.go
	Line                                       also option.go: options of curl with a password
	IsSecretHeader, IsSecretResponseHeader     secretheader.go: by the words of the name
	SecretsOf ─▷ Secrets                       secrets.go: what a server repeats of the request

It promises that what a parser of URLs would take for a password is never in its result; where that can't be known it
replaces too much. It is pure: no network, file or clock. Of our packages it imports httpurl and failure.
*/
package redact
