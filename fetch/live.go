package fetch

import (
	"sync/atomic"
	"time"
)

// Live has what any goroutine may read of a run while it goes on: the counts of exchanges that have ended, of those of
// them that were retries, and of Requests that the Source skipped; and the host that no more exchanges can start for.
type Live struct {
	Exchanges, Retries, Skipped atomic.Int64
	// Waiting is nil where the run waits for no host alone.
	Waiting atomic.Pointer[HostWait]
}

// HostWait is a host whose pause or quota most of the waiting Requests are held by.
type HostWait struct {
	Host   string    // its origin
	Until  time.Time // when the next exchange may start
	Status int       // of the last response after which a Request of the host has to wait; 0 is not known
}
