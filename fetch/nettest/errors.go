package nettest

import (
	"context"
	"net"
	"net/url"
	"os"
)

func SyscallError(call string, code error) error {
	return &url.Error{Op: "Get", URL: "http://a.test", Err: &net.OpError{Op: call, Err: os.NewSyscallError(call, code)}}
}

// StoppedBy is a context that ended for cause.
func StoppedBy(cause error) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(cause)
	return ctx
}
