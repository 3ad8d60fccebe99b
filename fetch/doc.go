/*
Package fetch asks for many URLs at once, politely, and tells what became of each.

A Source yields Requests, Run asks for them, a Sink takes one Record for each:

	source ▷ feeder ▷ scheduler ▷ workers ▷ writer ▷ sink
	                   ▲     │ Plan: lanes, slots, tokens, pauses, delays
	                   └─────┘ Retry, Hop and Restart go back into a lane

With Options.Cache a Task goes to a lookup worker before it gets into a lane, and once more after a Hop: what the cache
has an answer for goes straight to the writer (cachequeue.go, cachelookup.go, cacheserve.go). What a worker fetches is
stored, or validates what is stored, while it is read (cachestore.go).

The stages and the channels between them are joined in run.go, which none of them knows: feed.go, scheduler.go,
worker.go, cachelookup.go, writer.go.

The words, and where they live:

  - Request: what was asked, one input line (request.go, source.go)
  - Task: a Request under way (task.go, plan.go); Lane: one host's queue of Tasks (lane.go)
  - Plan: decides which Task starts now; pure, time is an argument (plan.go)
  - Exchange: one HTTP round trip for one Task, timed (exchange.go)
  - Road: a pooled client, which an Exchange is made over (roads.go): of links, over HTTP/1.1, each of which one Exchange has to itself
    (links.go, waiting.go, link.go, asking.go), or of net/http's streams over HTTP/2 (transport.go)
  - Verdict: what an Exchange means: Final, Retry, Hop or Restart; a pure function (judge.go)
  - Record: what happened, exactly one for each Request that was started (record.go)

What it promises:

  - Waiting is a place, not an act. Back-off, a host's pause, a rate, a redirect: each is a Task in a Lane with a time.
    Workers never sleep, and a slow host never delays another.
  - A failed URL is data: a Record with a Failure whose Kind comes from a closed list.
    Run itself fails only for a Source that breaks off, a Sink that can't be written, or a context that ends.
  - Memory grows neither with the input nor with what a server sends: Options.Lookahead bounds what waits,
    Options.BodyMemory what one exchange holds, Options.Concurrency how many there are. Larger bodies, up to
    Options.MaxBody, are in temporary files.
  - Goroutines are started in run.go alone: at most Options.Concurrency workers, a feeder, a writer, at most 16 lookup workers with a cache.
    For a time there are others: one for each link that is being made, no more than wait for one, and one that sends a large
    request while its worker waits for the answer. No goroutine waits at an idle link.
  - What a Cache has costs no token and no slot, and one that fails costs no Request.
*/
package fetch
