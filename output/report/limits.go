package report

import (
	"slices"

	"batchfetch/fetch"
)

// limitCount is how many Limits there are.
const limitCount = 12

// limits are all Limits, in the order in which they are drawn: those of flags, those of servers, what was waited for.
var limits = [limitCount]fetch.Limit{
	fetch.LimitConcurrency, fetch.LimitHostConcurrency, fetch.LimitRate, fetch.LimitHostRate, fetch.LimitBandwidth,
	fetch.LimitPausedHosts, fetch.LimitQuota,
	fetch.LimitNetwork, fetch.LimitDNS, fetch.LimitCache, fetch.LimitInput, fetch.LimitOutput,
}

// limitIndex returns the place of a Limit in limits; false is none.
func limitIndex(limit fetch.Limit) (int, bool) {
	i := slices.Index(limits[:], limit)
	return i, i >= 0
}
