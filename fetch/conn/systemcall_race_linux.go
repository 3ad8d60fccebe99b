//go:build race

package conn

import "syscall"

// systemCall makes read(2) or write(2) by package syscall, which tells the race detector that what was done before a
// write happens before what is done after a read.
func systemCall(number, fd uintptr, p []byte) (int, syscall.Errno) {
	call := syscall.Read
	if number == syscall.SYS_WRITE {
		call = syscall.Write
	}
	n, err := call(int(fd), p)
	errno, _ := err.(syscall.Errno)
	return n, errno
}
