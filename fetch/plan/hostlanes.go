package plan

// hostLanes are the lanes of a host parts of which have lanes of their own (HostLimits.Within). The Concurrency and the
// Rate of the host bound all of them together; pauses, quotas and closures are those of each lane. A nil *hostLanes is
// that of a lane without such a host.
type hostLanes struct {
	name        string
	lanes       []*lane
	active      int     // exchanges under way
	concurrency int     // the most of them
	perSecond   float64 // the most starts a second; 0 is no limit
	isShared    bool    // other processes keep to its limits too
	width       int     // the most exchanges under way that they leave
	pace        pace
	connections connections
}

// isFull reports whether the host allows no more exchanges at once.
func (h *hostLanes) isFull() bool {
	return h != nil && (h.active >= h.concurrency || h.isShared && h.active >= h.width)
}

// wanted is how many exchanges could be under way without a limit.
func (h *hostLanes) wanted() int {
	wanted := h.active
	for _, l := range h.lanes {
		wanted += l.taskCount()
	}
	return wanted
}
