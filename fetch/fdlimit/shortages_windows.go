package fdlimit

import "golang.org/x/sys/windows"

// shortages are the errors of a dial that say that this machine lacks something: those of Winsock, which the codes of
// package syscall are not.
var shortages = []error{windows.WSAEMFILE, windows.WSAENOBUFS, windows.ERROR_NOT_ENOUGH_MEMORY}

// addressNotAvailable is the error where the local address of a connection, or a port of it, is not available.
const addressNotAvailable = windows.WSAEADDRNOTAVAIL
