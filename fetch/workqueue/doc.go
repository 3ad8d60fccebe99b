/*
Package workqueue takes the entries of a Redis stream as one consumer of a group, and adds entries to one.

	Pusher.Add ─▷ push.lua ─▷ stream ─▷ take.lua ─▷ Consumer.Next ─▷ …work… ─▷ Consumer.Acknowledge
	                            ▲                                                        │
	                            └── keep.lua, ack.lua ◁── Consumer.Keep ◁────────────────┘

An entry that was taken is held until the server has acknowledged it: Keep has it count as that of a living consumer,
once in a third of Address.Idle. Where a process dies that ends, and after Idle another one takes its entries. Close
hands back at once what is left. What a lost connection has cost is found by what is pending for the consumer and not
held.

An entry comes once to each process, and again to another one only where the first could not acknowledge it in time.

Every script is one call: none of its commands is done without the others. They need Redis 6.2. Bounds: a reply has at
most maxReply bytes; of an entry that is too long only the id comes. Consumer.held has an entry for each that was taken,
so whoever calls Next bounds how many there are.

There is one mutex, Consumer.mu, which nothing is called under, and no go statement. The package imports resp.
*/
package workqueue
