//go:build !unix

package journal

// allocatePages returns size zero bytes.
func allocatePages(size int) []byte { return make([]byte, size) }

// freePages does nothing: the memory is garbage-collected.
func freePages([]byte) {}
