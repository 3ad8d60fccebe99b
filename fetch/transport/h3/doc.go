/*
Package h3 is the client's side of an HTTP/3 connection (RFC 9114), over QUIC by github.com/quic-go/quic-go.

	Handshake ─▷ Session: a QUIC connection                        session.go
	    |
	NewConn ─▷ Conn: HTTP/3 on it                                  conn.go
	    |        serve: accepts the server's streams; SETTINGS and     control.go
	    |        GOAWAY come over one of them
	    |
	NewExchange ─▷ Exchange: one request, over one stream          exchange.go, stream.go
	             send          HEADERS and DATA; a large body      request.go
	                           while the response is awaited
	             readResponse  HEADERS, of interim ones too        response.go, header.go
	             RoundTrip     both                                roundtrip.go
	             body.Read     DATA, up to the end of the stream   body.go

	packets: a connected UDP socket                                packets.go
	pace: a path that loses packets gets more connections          pace.go
	silence: a connection that the server may have forgotten       silence.go, watch.go
	frameHeader, SETTINGS                                          frame.go
	Error: what ended a stream or the connection                   errors.go

Package quic does the streams, the windows, loss and congestion; frames, field sections, errors and GOAWAY are here, as
package http3 tells neither of a GOAWAY nor which header was too large. Of QPACK (RFC 9204) the static table is used
alone, and nothing is pushed.

An exchange is read and written in the goroutine of its caller, but a request that does not fit at once; the stream is a
conn.Conn, so that it counts its bytes, and waits for its share of the bandwidth when it is read. What a server may send
is bounded: a stream and the connection by their windows, which in all of a run grow into the room of h2.Windows; a
header by Config.MaxHeaderBytes; frames that carry nothing by their number. What violates the protocol ends the stream,
or the connection, with an Error that names the section of the RFC.

The socket is connected to the one address that the guard of package dial has seen: the connection never migrates, and a
closed port is known at once. 0-RTT is never used. A goroutine serves each connection, one each of its few streams, and
one each large upload; Done says that they have ended.

Lock: Conn.mu guards which streams there are, and how the connection ends. Nothing is read or written while it is
held, and no method of Owner is called. An Exchange belongs to the goroutine that makes it.

The package knows no pool, no proxy and no failure of a run. It never makes a second connection, and never sends a
request twice: Error.NotProcessed says where its caller may. Of our packages it imports conn, dial, failure and h2.
*/
package h3
