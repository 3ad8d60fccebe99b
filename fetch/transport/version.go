package transport

// Version says which versions of HTTP may be spoken.
type Version string

// The choices of HTTP version. HTTPAuto takes HTTP/2 where a server offers it in the TLS handshake.
const (
	Auto  Version = "auto"
	HTTP1 Version = "1.1"
	HTTP2 Version = "2"
)
