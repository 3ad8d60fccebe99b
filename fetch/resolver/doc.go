/*
Package resolver looks host names up and keeps the answers: the cache and the transport of a stub resolver (RFC 1034
section 5.3.1), around package net's.

	Lookup(ctx, host)
	    |
	    +-- kept answer ------------------------------> addresses, or that there are none      cache.go
	    |
	    +-- flight: one for a name, some at once ------ net.Resolver.LookupIPAddr               flight.go gate.go
	            |                                         |         |
	            |                              nsswitch, hosts file, getaddrinfo; search list, sorting (RFC 6724)
	            |                                         |
	            |                                       queryConn, which net.Resolver takes for its socket    conn.go
	            |                                         |
	            |                                       exchange: one question, several servers               exchange.go
	            |                                         |
	            |                                       ask: UDP, TCP where truncated, without EDNS0          client.go
	            |                                         |
	            +-- answer --------------------------- reply: rcode, addresses, TTL                           message.go

What net.Resolver decides stays as it is: which names are looked up in the hosts file or by the C library
(nsswitch.conf, GODEBUG=netdns), the search list, options and servers of resolv.conf, and the order of addresses. It
gives no TTL and no response code, waits for both families, and asks the first server first however long that has been
silent. So each query of its is answered by an exchange of ours: it asks the servers that have answered lately first, a
further one after a step of silence, and takes the first conclusive answer of any. Once one family has an address the
other has resolutionDelay (RFC 8305 section 3) to come; then the lookup ends without it, and what comes later joins the
answer that is kept.

An answer is kept for its TTL, within bounds; one that the name does not exist, for a moment. Where servers fail, the
last addresses of a name are used on (RFC 8767). Each error is an *Error that says what which server answered, or that
it was silent.

Files, from the bottom: message.go (what a reply says), servers.go (which servers answer), the cache and the gate know
of no look-up. client.go asks a server, exchange.go several. transcript.go is what one look-up has asked and what was
replied, of which it makes its Error. flight.go makes the look-up; resolver.go has those under way, and keeps what they
return.

Locks: Resolver.mu guards the cache and the flights; gate.mu how many are under way; transcript.mu what the exchanges of
one look-up share; servers.mu what is known of the servers. No two are held at once. A goroutine runs each flight
(resolver.go), each exchange and each query to a server (exchange.go); Close ends and awaits them. It imports none of
our packages.
*/
package resolver
