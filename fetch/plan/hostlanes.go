package plan

// hostLanes are the lanes of a host parts of which have lanes of their own, and what bounds all of them together;
// pauses, quotas and closures are those of each lane. A Plan keeps its hostLanes.
type hostLanes struct {
	hostLimits
	lanes []*lane
}

// wanted is how many exchanges could be under way without a limit.
func (h *hostLanes) wanted() int {
	wanted := h.active
	for _, l := range h.lanes {
		wanted += l.taskCount()
	}
	return wanted
}
