package h2

import "net/http"

// A Request is what RoundTrip sends, and what it tells of the exchange.
type Request struct {
	Method, Scheme, Authority, Path string
	Header                          http.Header // of the request; shared, and not written to
	Body                            []byte
	AnnouncesBody                   bool // content-length is sent
	// Sent is told how many bytes of Body were sent, as they are; nil is nobody.
	Sent interface{ AddBytes(n int) }

	// Headers is the memory of the header of the response; nil is memory of its own.
	Headers *HeaderSpace

	// Responded is set once anything of a response has come. It is for the caller after RoundTrip.
	Responded bool
	// Usual is set with a response that is valid, and whose header is within all bounds: it has a status of three digits,
	// few fields, none that belongs to a connection of HTTP/1.1, and at most one content-length, which is a number.
	Usual bool
}
