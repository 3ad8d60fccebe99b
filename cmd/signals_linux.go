package cmd

import (
	"syscall"
	"unsafe"
)

// setDefaultAction gives a signal the action that it has where nothing catches it (sigaction(2), SIG_DFL): signal.Reset
// leaves the runtime's, which exits with 2 where the signal does not come.
func setDefaultAction(which syscall.Signal) {
	var action [64]byte // struct sigaction of the kernel, 32 bytes at most; all of it zero is SIG_DFL without flags
	_, _, _ = syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(which), uintptr(unsafe.Pointer(&action)), 0,
		sigsetSize, 0, 0) // where it fails the runtime's action stays
}

// sigsetSize is the size in bytes of the kernel's sigset_t, for 64 signals.
const sigsetSize = 8
