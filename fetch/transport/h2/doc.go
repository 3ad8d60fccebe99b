/*
Package h2 is the client's side of an HTTP/2 connection (RFC 9113).

	RoundTrip(ctx, *Request)                                        the reader: one goroutine a connection
	    |                                                                   |
	  open      a stream: HEADERS, and what fits of the body          frame by frame: http2.Framer
	    |         \                                                   /     |
	  await        +---> out: frames queued ---> flush ---> net.Conn        +-- SETTINGS, PING, GOAWAY: answered
	    |         /      by whoever has no flush under way                  +-- HEADERS: decoder ---> response
	  Body.Read  DATA of the request, WINDOW_UPDATE                         +-- DATA: chunks ---> stream
	    |                                                                   |
	  Body.Close RST_STREAM, unless the response is whole             a stream is woken by a token in its channel

An exchange is made in the goroutine of its caller: it writes the request, waits, reads the body of the response, and
meanwhile sends what is left of the request. There is no goroutine, timer or context a stream; what a stream needs is
pooled. What ends a stream, and who calls that, is told in streamtable.go. Frames that are queued while another
goroutine writes go out with its next write. The reader waits for no write: what it answers is written by a goroutine
that ends with that write (flush.go), and it stops reading while too much of that is unwritten.

What a server may send is bounded: a stream by its window, which grows while the exchange reads fast and Windows has
room; a header by Config.MaxHeaderBytes, however it is coded or cut into frames; frames that carry nothing are read
slowly after a while (reader.go). What violates the protocol ends the stream, or the connection, with an Error that
names the frame and the section of the RFC (section 5.4).

Lock: Conn.mu guards the streams, the windows, the queue of frames and the encoder. Nothing is read or written while it
is held, and no method of Owner is called. The reader alone uses the Framer's reading side and the decoder.

The files, from the bottom: each uses those of its line and of the lines above alone.

	errors.go table.go headerspace.go chunk.go wake.go              words, and memory
	request.go hpackstring.go                                       a request; strings of HPACK
	decoder.go encoder.go header.go input.go                        HPACK, a header block, what is read through
	window.go stream.go streamtable.go writer.go pinger.go          what Conn.mu guards, each part with its own rules
	conn.go                                                         a connection, and how it ends
	flush.go silence.go                                             its writes and pings
	exchange.go body.go                                             an exchange, in its caller's goroutine
	response.go control.go reader.go                                what comes, in the reader's
	start.go roundtrip.go                                           a connection and an exchange begin

The package knows no pool, no proxy and no failure of a run. It never makes a second connection, and never sends a
request twice: Error.NotProcessed says where its caller may. Of our packages it imports conn.
*/
package h2
