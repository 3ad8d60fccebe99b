//go:build unix

package journal

import "golang.org/x/sys/unix"

// allocatePages returns size zero bytes, which are whole pages, outside the garbage-collected heap: within it they
// would let the heap grow by as much again before a collection.
func allocatePages(size int) []byte {
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size)
	}
	return memory
}

// freePages frees memory of allocatePages.
func freePages(memory []byte) {
	if len(memory) > 0 {
		_ = unix.Munmap(memory) // fails for memory that make returned
	}
}
