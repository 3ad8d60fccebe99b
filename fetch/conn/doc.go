/*
Package conn is a network connection that counts its bytes and gets its share of a bandwidth, and a timer for stalls.

	            +----------------- Conn ------------------+
	Read  ◁──   |  share.wait  ◁──  counts  ◁── socket    |  ◁──  net.Conn, or TLS to a proxy
	Write ──▷   |  counts  ──▷  socket                    |  ──▷
	            +----+---------------+---------------+----+
	                 |               |               |
	             Bandwidth       StallTimer       Readable
	             one a run       one an           poll(2): has anything come
	                             exchange         over an idle connection?
	                                 |
	                             StallSweep
	                             one a run

A Conn is below TLS to the server, so it counts what the network carries, not what it means. A Bandwidth is shared by
all connections of a run: a read of a Conn returns when its bytes are due at that rate. A StallTimer samples the counts
of the connection, or those of bodies where an HTTP/2 connection is shared, and cancels the context of its exchange with
a failure.Limit of kind Stalled; a StallSweep lets all of a run do so by one timer for each stall timeout. On Linux a
socket makes its system calls past the Go scheduler.

The package knows no HTTP, no host names and no addresses. It starts no goroutine and closes no connection by itself:
whoever called New does. A Bandwidth and a StallSweep have a mutex each; neither is held while the other is taken, nor
while anything is read or written. Of our packages it imports failure.
*/
package conn
