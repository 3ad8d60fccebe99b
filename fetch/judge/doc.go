/*
Package judge decides what the outcome of an exchange means: for its Task, and for its host.

	Answer   status, header, Failure ─┐             Verdict
	Trial    method, attempts, hops ──┼─▷ Judge ─▷    for the Task   Fate, Delay, Failure
	Policy   what the user decided ───┘     ▲         for its host   Health, Hold, Bucket, Quotas
	                                   now, chance

A Fate is one of Final (the Task has ended), Retry (another attempt), Hop (a redirect is followed) and Restart (the same
is requested again, which is no attempt: without what made the request conditional (conditional.go), or once files can
be opened (fileshortage.go)).

Judge (judge.go) makes a judgement of its arguments, which the rules are methods of: first for the Task, where the first
case that is so decides, then for its host (health.go). A failed attempt is worth another by repeat.go and judgement.go.
A response is a refusal (refusal.go) where the host refused the request for a limit of its own, and judgerefusal.go says
what follows; one that is not ready yet (poll.go) is asked for again. Limits are read as real APIs spell them: waits in
retryafter.go, quotas of the RateLimit field in structuredlimit.go, those of fields with a number each, whatever their
vendor calls them, in plainlimit.go and plainnumber.go, those of lists of windows in countedlimit.go; limitname.go says
what the names of such fields mean, spelling.go parses the numbers, spans and dates of all. The tests name an API for
each spelling.

What else Judge needs is here too: exponential backoff with full jitter, and the sets of statuses and kinds of failure
that flags name.

The package is pure: it has no clock, random source, network, file or context. Time and chance are arguments, and no
argument is changed. It knows no Request, Record or lane. Of this module it imports failure and fdlimit (for the errors
that mean too many open files).
*/
package judge
