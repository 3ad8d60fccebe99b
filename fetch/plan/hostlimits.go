package plan

// hostLimits are the Concurrency and the Rate of a host parts of which have lanes of their own (HostLimits.Within), and
// what is known of its connections: they bound all of these lanes together. A nil *hostLimits is that of a lane without
// such a host.
type hostLimits struct {
	name        string
	active      int     // exchanges under way
	concurrency int     // the most of them
	perSecond   float64 // the most starts a second; 0 is no limit
	isLeased    bool    // other processes keep to its limits too
	width       int     // the most exchanges under way that they leave
	pace        pace
	connections connections
}

// isFull reports whether the host allows no more exchanges at once.
func (h *hostLimits) isFull() bool {
	return h != nil && (h.active >= h.concurrency || h.isLeased && h.active >= h.width)
}
