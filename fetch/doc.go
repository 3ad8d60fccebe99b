/*
Package fetch fetches many URLs at once and returns one Record for each. It knows no flag, no terminal and no file name.

A Source yields Requests, Run makes the HTTP exchanges that each needs, a Sink takes the Records. The stages of a run:

	source ▷ feeder ▷ scheduler ▷ workers ▷ writer ▷ sink
	                   ▲     │ Plan: lanes, slots, tokens, pauses, delays
	                   └─────┘ Retry, Hop and Restart go back into a lane

The scheduler is a monitor, which the others call: a worker that has ended an exchange hands its Task back and takes the
next in one call, without a change of goroutine. Records reach the writer by a channel.

With Options.Cache a Task is looked up before it enters a lane, and again after a Hop; one that the cache has a response
for needs no lane:

	scheduler ▷ lookup workers ▷ writer
	      ▲           │
	      └───────────┘ the others go on to the Plan

A response from the network is stored while it is read, or validates the one that is stored.

# Words

  - Request: one line of the input (request.go); Source: an iterator of Requests (source.go)
  - Task: a Request under way (task.go, plan.Task); Lane: the queue of the Tasks of one origin
  - Plan: decides which Task starts now; pure, time is an argument (package plan)
  - Exchange: one HTTP round trip for one Task, timed (exchange.go); Call: what the transport knows of it
  - Verdict: what an exchange means, with the Task's Fate: Final, Retry, Hop or Restart; a pure function (package judge)
  - Record: what happened to one Request, one for each that was started, or page of it (record.go)
  - Sink: renders and takes Records (record.go); BodyStore: takes bodies in their place (bodystore.go)

# Packages

Imports point downward only. What stands below fetch knows no Request, Record, Source, Sink or flag.

	input
	fetch     limits
	  transport         plan        cache  workqueue   cookiejar  netrc  login    dictionary
	    dial  h2  h3      judge       resp             redact     coding  robots  paging  digest
	      conn  resolver      unnamed                  spool      histogram  parse
	httpurl  fdlimit  queue  failure  spelling

	package    promise                                                   imports of ours
	input      input lines become Requests; filters, shards              fetch failure httpurl judge parse redact spelling
	fetch      Run: one Record for each Request                          all below but limits, parse, resp, workqueue
	transport  one HTTP exchange over a pooled connection                conn dial failure fdlimit httpurl; its own below
	dial       a host and a port become a connection                     conn failure fdlimit httpurl resolver
	resolver   a name becomes addresses, which are kept                  none
	conn       a connection counts, shares bandwidth, notices a stall    failure
	plan       which Task starts now, or how long until one may; pure    failure judge queue
	judge      what an exchange means for its Task and host; pure        failure fdlimit
	limits     rates and pauses of several processes together, in Redis  plan resp
	cache      responses are stored and found again (RFC 9111)           resp unnamed
	workqueue  entries of a Redis stream are taken, acknowledged, added  resp
	resp       a client of Redis (RESP2) whose replies are bounded       none
	cookiejar  cookies are kept and sent (RFC 6265), bounded             httpurl
	netrc      credentials are found in a netrc file as curl reads it    httpurl
	login      an Authorization for each request: Digest, AWS            none
	redact     no secret reaches an output                               failure httpurl
	coding     content codings are taken off a body                      failure
	dictionary which responses may be compression dictionaries; pure     none
	digest     what a response says of the bytes of its body; pure       none
	robots     what the robots.txt of a host allows (RFC 9309); pure     none
	paging     the URL of the next page is found in a response; pure     none
	spool      bytes wait in memory, or a temporary file without a name  none
	unnamed    files that get their names once they are complete         none
	httpurl    which URLs can be requested, and their origin             failure
	fdlimit    how many files may be open, and waiting for a free one    none
	histogram  durations are counted, in constant memory                 none
	parse      sizes, rates and durations as flags and lines write them  none
	queue      first in, first out                                       none
	spelling   the word that a misspelt one was meant as                 none
	failure    the closed list of why a Request fails                    none

Package nettest has servers and networks for tests.

# One URL through them

 1. input.Reader yields a Request: Prepare parses its URL (httpurl.Parse); of a line that can't be used redact.Line
    masks what a Record shows.
 2. Run makes a transport.Transport, which makes its dial.Dialers; then the Plan (plan.New) and the stages (run.go).
 3. The feeder merges Request and Options into a target (target.go; credentials from netrc) and sends a task.
 4. The scheduler routes it (routing.go): to a lookup worker (cachelookup.go, cache.Find), or to its lane (plan.Add).
 5. plan.Next returns a plan.Task, or how long to wait; the task that owns it goes to a worker.
 6. The worker makes an exchange, which adds cookies (cookiejar) and what is conditional: If-None-Match to validate
    a stored response (cachestore.go), or Range to continue a partial body (resume.go). It calls Transport.RoundTrip.
 7. The transport takes an idle connection, waits for one or has one dialed (dial.Dialer, conn.Conn), and speaks
    HTTP/1.1, HTTP/2 or HTTP/3. Call.Explain makes a failure.Failure of every error.
 8. Its bodyReader reads the body through coding and, where it is to be stored, cache.Draft into memory, a spool.File
    or the BodyStore.
 9. judge.Judge returns the Verdict, which plan.Done learns from. Retry, Hop and Restart go back to 4.
 10. On Final the Record goes to Sink.Encode in the worker, and through the writer to Sink.Put.
 11. With Options.Paginate the pager (pager.go, paging) has made a Task of the next page by then, which goes to 4.

# Where a thing is done

  - A retry is decided: judge/judge.go and judge/repeat.go, which exchanger.go asks; its wait is plan.Task.NotBefore,
    set in taskends.go.
  - A redirect is followed: redirector.go; what goes along to another origin: redirect.go, credentials.go.
  - A rate, a pause or a quota is waited for: the lane of the Task has a time (plan/lanestart.go), for which the
    scheduler's timer is set (dispatch.go); with other processes sharedlimits.go asks for more.
  - A 429 or Retry-After slows a host down: judge/refusal.go, then plan/observe.go.
  - A time limit ends an exchange: roundtrip.go; a limit on failures, an interrupt or a deadline ends the run: stop.go.
  - A Record is begun: finisher.go; filled: exchangeresponse.go, body.go, or cacheserve.go from the cache; written:
    writer.go.
  - A failure gets its Kind: where it is found, for what fetch itself finds (exchangeresponse.go, bodyreader.go); else
    transport/classify.go and transport/errors.go; for a connection that was not made dial/errors.go.
  - A partial body is continued: resume.go requests what is missing and says what the response is to that;
    partialinfo.go has the rules. A BodyStore has the bytes: package savedir of output.
  - A stored response is validated: cachelookup.go finds it, cachestore.go adds the conditions and takes the 304.
  - A secret is kept out of it: secrets.go, redact.
  - The next page is found: pager.go.
  - Reading the Source pauses, so that memory is bounded: window.go, plan/readahead.go.
  - What the Summary says held the run up: bottleneck.go, limitbook.go.

No files use each other in a circle. From the bottom: Request and Record (request.go, record.go), Options and those of
hosts (hosts.go, options.go), targets (credentials.go, target.go), Tasks (task.go); the body of a response
(bodyreader.go, body.go), the cache (responsecache.go, cacheserve.go, cachestore.go), the exchange (exchange.go; its
request in exchangerequest.go, its response in exchangeresponse.go, both in roundtrip.go), and those of a worker, one
after the other, with their Verdicts (exchanger.go). What the scheduler has is in scheduler.go and in the types of its
queues (cachequeue.go, robotsgate.go, room.go, parkedpages.go), which know no scheduler; where a Task goes next in
routing.go, what follows from its end in taskends.go and stop.go, what each event starts in dispatch.go. Above are the
stages (feeder.go, worker.go, cachelookup.go, writer.go), and run.go.

# Promises

  - A worker never sleeps: back-off, the pause of a host, a rate, a redirect are each a Task in a lane with a time.
    A slow host never delays another.
  - A failed URL is data: a Record with a Failure whose Kind comes from a closed list.
    Run itself fails only for a Source that breaks off, a Sink that can't be written, or a context that ends.
  - Memory grows neither with the input nor with what a server sends: Options.Lookahead bounds the Requests that wait,
    Options.BodyMemory what one exchange holds, Options.Concurrency how many there are. Larger bodies, up to
    Options.MaxBody, are in temporary files.
  - The stages are started in run.go alone: one feeder, one writer, at most Options.Concurrency workers and, with a
    cache, at most 16 lookup workers; the caller's goroutine waits for timers and stops. Package transport starts
    others for a time: one for each dial under way, at most as many as exchanges wait for a connection, and one for each
    request over 64 KiB, which is written while its response is awaited. No goroutine reads from an idle HTTP/1.1
    connection.
  - A response from the cache costs no token and no slot, and a cache that fails costs no Request.
*/
package fetch
