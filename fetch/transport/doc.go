/*
Package transport makes HTTP exchanges over pooled connections: HTTP/1.1, HTTP/2 by package h2 and HTTP/3 by package h3.

Which RoundTripper a Call takes:

	Transport.RoundTrip(ctx, *Call)
	    |
	    +-- there is a proxy for the URL
	    |       http:// over an HTTP proxy ----> forward: the proxy is asked for the whole URL
	    |       https://, or a SOCKS proxy ----> direct: through a tunnel
	    +-- the Target is PublicOnly ----------> guarded: refuses private addresses
	    +-- else ------------------------------> direct

Each RoundTripper is a pool of its own; with Auto direct and guarded are two, an alternating, of which the second is
for HTTP/3 with origins that have named a place for it (RFC 7838, alternatives.go):

	  pool: idle h1Conns, sharedConns, hostQueues
	     |            |              |
	h1Conn.roundTrip  |     h2.Conn.RoundTrip, h3.Exchange.RoundTrip
	                  |
	    dial.Dialer, which makes a conn.Conn, or dial.DialUDP, of which h3.Handshake makes an h3.Session

The life of a Call:

	Begin         of an ExchangeContext, which all exchanges of one goroutine have: sets the limit of time
	Stall.Init    sets the stall timeout
	RoundTrip     gets a connection: an idle one, or else what comes first, a dialed one or one that becomes idle;
	              sends the request, and reads the header of the response
	CheckHead     finds what is over a bound, or invalid though net/http accepts it
	Body          is read, and counts for the stall timer; then resp.Body is closed
	Explain       says, where any of it failed, which failure it was and how far the exchange had come
	End           detaches the Call from its connection and stops the stall timer
	Reset         makes it ready for another exchange, with the memory of its header

The head of a usual response in HTTP/1.1 is parsed in place, in the buffer of its connection (h1usual.go); any other is
http.ReadResponse's, which a fuzz test holds the former against.

A connection is polled before it is used again, unless its last response came just now and the request can be sent
again (isReusableFor).

The pool: an exchange that finds no idle connection becomes a wantConn in its host's queue (acquire.go), and a dial is
started where fewer are under way than exchanges wait (dials.go). A connection goes to the exchange that has waited
longest, whether it was dialed or another exchange is done with it (handout.go). The error of a dial goes to the
exchange that it was started for. A connection with HTTP/2 or HTTP/3 is shared: it goes to as many exchanges as the
server allows, which is one until its SETTINGS have come (sharedconn.go, sharedexchange.go). At a host that speaks
HTTP/2 one connection at a time is dialed, whatever number waits; two at one that may, until it has chosen.

A request is sent again over another connection only where the server closed a reused one before a response began, and
the method, or a key of the user's, allows it (roundtrip.go), or where the server has not processed it (RFC 9113 section
8.7; sharedexchange.go). What may not be sent again gets connections of its own at a host that has closed kept ones so
(earlyclose.go).

Who closes a connection:

	dials.go            one that was dialed, and that no exchange can use
	h1body.go           one whose exchange is over, unless it is reusable
	exchangecontext.go  one that carries an exchange whose context ends
	handout.go          the one that has been idle longest, where there are more than maxIdle
	earlyclose.go       an idle one that is not reusable when an exchange takes it
	reap.go             idle ones: after idleTimeout, on which something has come, and all on CloseIdle and Close
	release.go          idle ones that Release and CloseIdleTo are called for
	silence.go          idle ones to a host where another was silent up to a limit of time, or was reset
	makeroom.go         a kept one to a host where a new one waits while the kept ones are answered; a new one over
	                    which the host's system has taken nothing
	h2.Conn, h3.Conn    itself: that the server leaves, that is dead, or whose only exchange met a limit

Locks: pool.mu guards the lists of idle connections, the queues, the idle of each h1Conn, and what a sharedConn says.
Nothing is dialed, closed, read or written while it is held; reapIdle and giveUpUnacked poll. ExchangeContext.mu guards
which connection its end closes, and is held while none of the others is taken. All else of an h1Conn belongs to the
exchange that it carries, and a Call to the transport until RoundTrip returns, then to its caller. There is a goroutine
for each dial (dials.go), which Close waits for, for the upload of a large request over HTTP/1.1 (h1write.go), which
responseBody.end waits for, and those of packages h2 and h3.

The files, from the bottom: each uses those of its line and of the lines above alone.

	version.go classify.go route.go target.go  the words: versions, kinds of errors, what is requested, by which proxy
	h1request.go h1head.go h1usual.go          heads of requests and responses as text
	h1framing.go h1conn.go h1write.go          a connection with HTTP/1.1, without exchanges
	exchangecontext.go                         what ends with an exchange
	alternatives.go                            which origins may be asked over HTTP/3, and where
	idle.go sharedconn.go want.go              lists of connections, the queue of who waits for one
	firstexchange.go pool.go                   first exchanges without a response; a pool has all that under its lock
	release.go reap.go makeroom.go             which connections a pool closes
	handout.go dials.go acquire.go             who gets a connection that is there; how they are made, and waited for
	h1body.go body.go call.go config.go        bodies that hand their connection back; a Call; the interfaces
	header.go heads.go silence.go errors.go    what a Call met, and its heads for an archive
	sharederror.go                             what an error of HTTP/2 or HTTP/3 says
	h1exchange.go sharedexchange.go            an exchange over a connection
	earlyclose.go roundtrip.go negotiate.go    an exchange over a pool; which pools there are
	http3.go                                   the pools of connections with HTTP/3
	alternating.go transport.go                which of them it takes

The package knows no Request, no Record and no plan, and never retries a failed exchange. Of our packages it imports
conn, dial, failure, fdlimit, httpurl, h2, h3 and altsvc.
*/
package transport
