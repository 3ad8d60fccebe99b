//go:build !unix

package fdlimit

import "math"

// descriptorLimit returns math.MaxUint64: this system has no such limit.
func descriptorLimit() uint64 { return math.MaxUint64 }

// openDescriptors returns 0: without a limit the number of open files does not matter.
func openDescriptors(uint64) uint64 { return 0 }
