//go:build !race

package conn

import (
	"syscall"
	"unsafe"
)

// systemCall makes read(2) or write(2). The scheduler is not told of it, and p is not empty.
func systemCall(number, fd uintptr, p []byte) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall(number, fd, uintptr(unsafe.Pointer(&p[0])), uintptr(len(p)))
	return int(n), errno
}
