/*
Package resp is a client of a Redis server that it does not trust. It speaks RESP2, the protocol of every version.

	Do(ctx, commands...) ── an idle session, or a new one: dial, TLS, AUTH, SELECT
	     |
	     +─▷ all commands in one write ─▷ a reply to each, bounded before it is read ─▷ the session is idle again
	                                           |
	                                           +─ more, or another one, than was asked: close, ErrReply

Bounds: a line has at most 4 KiB, a bulk string what its Command asks for, and nothing else is accepted: no array, no
push. A call takes at most Config.Timeout, connecting as much again, and ends at once when its context does. A Client
has at most Config.Conns connections; a call that finds them all in use waits, within that time.

An error reply becomes a Refusal, which has words of ours: the server's may repeat what was sent, a password included.

A Script is run by its hash, and sent whole where the server does not know it.

There is no go statement, and one mutex, Client.mu, which nothing is read or written under. The package imports none of
ours.
*/
package resp
