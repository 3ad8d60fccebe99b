/*
Package httpurl parses and checks URLs of http and https as browsers do (WHATWG URL Standard), and says what their
origin, authority and port are.

	text ─▷ Parse, ParseReference ─▷ Check ─▷ *url.URL      parse.go
	                                            ├─▷ Origin, Port, Authority, ASCIIHost    origin.go
	                                            └─▷ RemoveDots: dot segments are resolved    dots.go

It promises that no error repeats a piece of a URL that may be a password, and that a URL that Parse or Check has
accepted can be requested over HTTP: it has an ASCII host, a valid port and a request target without white space. It
knows no network. Of our packages it imports failure alone.
*/
package httpurl
