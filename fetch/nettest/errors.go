package nettest

import (
	"context"
	"net"
	"net/url"
	"os"
)

// SyscallError returns the error that net/http returns where a system call on a socket fails with code.
func SyscallError(call string, code error) error {
	return &url.Error{Op: "Get", URL: "http://a.test", Err: &net.OpError{Op: call, Err: os.NewSyscallError(call, code)}}
}

// StoppedBy returns a context that was cancelled with cause.
func StoppedBy(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}
