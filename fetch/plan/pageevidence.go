package plan

import "math"

// A pageEvidence is how likely it is that failed responses are the trouble of their pages, and not of their host: the
// logarithm of a likelihood ratio (Wald's sequential probability ratio test), of what has become of the requests for
// such pages that were made again.
type pageEvidence float64

const (
	enoughEvidence = 6.2 // 1 in 500 by the host
	mostEvidence   = 9
	leastEvidence  = -6

	failingAgain = 0.95 // the share of pages in trouble that fail again
	// fewAccepted is how many exchanges of others the host has to accept before such a request tells: fewer may have
	// been all that a limit allowed.
	fewAccepted = 5
)

// isEnough reports whether the pages are taken to be the cause.
func (e pageEvidence) isEnough() bool { return e > enoughEvidence }

// weigh takes in what has become of the request for a page that failed: it failed again, or was accepted. failingShare
// is that of all first requests that fail: by a limit of the host, as many of those that are made again do.
func (e *pageEvidence) weigh(failedAgain bool, failingShare movingShare) {
	byHost := likelyShare(failingShare)
	if failedAgain {
		e.raise(failingAgain / byHost)
		return
	}
	e.lower((1 - failingAgain) / (1 - byHost))
}

// likelyShare is how likely a request is to fail by the host where that share of others does.
func likelyShare(failingShare movingShare) float64 { return min(max(float64(failingShare), 0.1), 0.7) }

// raise takes in an observation that speaks for the pages: it is ratio times as likely by them as by the host.
func (e *pageEvidence) raise(ratio float64) { *e = min(*e+pageEvidence(math.Log(ratio)), mostEvidence) }

// lower takes in one that speaks for the host.
func (e *pageEvidence) lower(ratio float64) {
	*e = max(*e+pageEvidence(math.Log(ratio)), leastEvidence)
}
