package transport

// Version says which versions of HTTP may be spoken.
type Version string

// The choices of Version.
const (
	// Auto is HTTP/2 where a server chooses it in the TLS handshake, else HTTP/1.1; and HTTP/3 from then on where a server
	// has offered it (RFC 7838) and answers over it.
	Auto  Version = "auto"
	HTTP1 Version = "1.1"
	HTTP2 Version = "2" // over http:// by prior knowledge (RFC 9113 section 3.3)
	HTTP3 Version = "3" // over https:// alone
)
