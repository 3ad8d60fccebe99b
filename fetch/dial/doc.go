/*
Package dial makes a connection of a host and a port: directly, over a proxy, or to a Unix socket, with TLS or without;
or over UDP (DialUDP, datagrams.go), where its caller does the handshake.

	DialPlain  DialTLS                                 DialProxy
	    |         |     (all within withTimeout)           |
	    +----+----+                                        |
	         |                                             |
	      connect ------+-----------------+                |
	         |          |                 |                |
	    UnixSocket   no proxy      Proxies.forAddr         |
	         |          |                 |                |
	         |          |           dialThrough            |
	         |          |                 |                |
	         |          |             dialProxy  <---------+
	         |          |                 |   \
	         |          |                 |    TLS to an https:// proxy,
	         |      dialDirect  <---------+    CONNECT or SOCKS5 for addr
	         |          |
	         |      addresses: Overrides, localhost, literals; else Names
	         |          |
	         |      order: families in turns, what failed lately last
	         |          |
	         |      race: an attempt every 250 ms, or once one has failed
	         |          |
	         |      guard: checkAddress refuses what is not public
	         |          |
	         +----+-----+
	              |
	          conn.Conn  -- DialTLS: handshake --  *tls.Conn over it

Addresses come from an Override (curl --resolve), are known without a lookup, or are those that Names has, which keeps
them for all Dialers of a run; Family leaves those of one family. They are tried as Happy Eyeballs says (RFC 8305):
several at once, so that a dead one costs 250 ms once, and is tried last for a while. The guard is called with each
address right before it is connected to, so that neither a result of a lookup nor a second lookup gets around it. Over a
proxy it sees the proxy's address only, and a Dialer with Proxies has PrivateAllow: package transport checks addresses
that a URL spells out.

A TLS handshake that the server refuses is made once more with all that old servers want (legacy.go), and not completed:
so the error says what the server wants. What a server's TLS needs is remembered for the run (quirks.go): one that does
not answer a ClientHello with a post-quantum key share, which is larger than a packet, is sent one without.

Where too many files are open, dials and the sockets of lookups call Config.CloseIdle and wait for a descriptor, within
their timeout. Each error is a *failure.Failure whose text names the step and, where there is one, the proxy; no
password of a proxy is in it.

A Dialer keeps no connection: the caller owns what it gets and closes it, and what fails halfway is closed here. A
goroutine makes each attempt of a race (race.go), which awaits them. There are three mutexes: those of Times,
quirks and failedAddrs, with which nothing else is held. The package knows no HTTP but CONNECT, no pool and no Request.
Of our packages it imports conn, failure, fdlimit, httpurl and resolver.
*/
package dial
