package transport

// Version says which versions of HTTP may be spoken.
type Version string

// The choices of Version.
const (
	Auto  Version = "auto" // HTTP/2 where a server chooses it in the TLS handshake, else HTTP/1.1
	HTTP1 Version = "1.1"
	HTTP2 Version = "2" // over http:// by prior knowledge (RFC 9113 section 3.3)
)
