/*
Package limits keeps rates, widths and pauses of hosts for several processes together, in a Redis server.

	plan.Ask ─▷ Keeper.Ask ─┬─▷ Redis: share.lua, one call for many lanes ─▷ plan.Grant
	                        └─▷ own: the n-th part, while the server fails

A rate is kept by the generic cell rate algorithm without tolerance, on the server's clock: each start has a time of its
own, and those of a slice of 100 ms are granted at once. They are told as times here by the clock of the call that took
the shortest time. A start that is not used in time is lost, one that came late moves those that follow; the last ones
are given back. A start within several limits needs a time that all of them have free.

A width is divided among the processes that want it, and is given back as soon as it is not used. What a process holds
counts as long as its key lives, which each call renews: for processTTL after its end where it is killed. A pause is
the time until which a host is held; the first one that meets it tells all.

Keys begin with batchfetch:{limits}:1: and end in a hash of the limit's name; all of them expire.
*/
package limits
