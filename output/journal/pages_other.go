//go:build !unix

package journal

// allocatePages returns size bytes of zeroes.
func allocatePages(size int) []byte { return make([]byte, size) }

// freePages leaves memory of allocate to the collector.
func freePages([]byte) {}
