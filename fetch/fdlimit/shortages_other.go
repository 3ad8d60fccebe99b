//go:build !windows

package fdlimit

import "syscall"

// shortages are the errors of a dial, beside those of IsExhausted, that say that this machine lacks something.
var shortages = []error{syscall.ENOBUFS, syscall.ENOMEM, syscall.EAGAIN}

// addressNotAvailable is the error where the local address of a connection, or a port of it, is not available.
const addressNotAvailable = syscall.EADDRNOTAVAIL
