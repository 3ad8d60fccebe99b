/*
Package cookiejar is a cookie store after RFC 6265, bounded in memory, which binds cookies to the origin that set them.

	Set-Cookie   ─▷ parseSetCookie ─▷ bindTo ─▷ Jar.insert ─▷ evictFrom   cookie.go, jar.go
	  Expires    ─▷ parseDate                                             date.go
	cookie file  ─▷ Jar.Load ─▷ parseCookieFile ─▷ Jar.insert             file.go
	request URL  ─▷ Jar.MergeHeader ─▷ appliesTo ─▷ Cookie                jar.go

It promises that no server sets a cookie for a public suffix or another site, and that memory stays bounded whatever
servers send. It knows no clock, file or network: time and the content of a file are arguments.
Of our packages it imports httpurl alone.
*/
package cookiejar
