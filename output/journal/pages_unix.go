//go:build unix

package journal

import "golang.org/x/sys/unix"

// allocatePages returns at least size bytes of zeroes that the collector does not know: it would let the heap double before it looks.
func allocatePages(size int) []byte {
	size = (size + pageSize - 1) &^ (pageSize - 1)
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return make([]byte, size)
	}
	return memory
}

// freePages gives memory of allocate back.
func freePages(memory []byte) {
	if len(memory) > 0 {
		_ = unix.Munmap(memory) // fails for what make returned: that is the collector's
	}
}
