package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
)

// classifyDial returns the failure that err, met while connecting to addr, comes to: a limit, a name that does not
// resolve, an address that does not accept, or one that is not public.
func classifyDial(ctx context.Context, addr string, err error) *failure.Failure {
	host := hostOf(addr)
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return blocked.Failure(host)
	}
	failure.AwaitDeadline(ctx, err)
	if f := failure.FromContext(ctx); f != nil {
		if f.Kind == failure.Timeout {
			f.Err = fmt.Errorf("%w: no connection to %s", f.Err, addr)
			if fdlimit.IsExhausted(err) {
				f.Err = fmt.Errorf("%w: too many open files", f.Err)
			}
		}
		return f
	}
	var family *familyError
	if errors.As(err, &family) {
		return failure.New(failure.DNS, "no %s address found for %s", family.wanted, host)
	}
	var name *net.DNSError
	if errors.As(err, &name) {
		if name.IsNotFound {
			return failure.New(failure.DNS, "no address found for %s", host)
		}
		return failure.New(failure.DNS, "looking up %s failed: %s", host, name.Err)
	}
	var op *net.OpError
	var code *os.SyscallError
	switch {
	case errors.As(err, &code):
		return failure.New(failure.Connect, "connecting to %s: %w", addr, code.Err)
	case errors.As(err, &op):
		return failure.New(failure.Connect, "connecting to %s: %w", addr, op.Err)
	}
	return failure.New(failure.Connect, "connecting to %s: %w", addr, err)
}

// classifyTLS returns the failure that err, met in a handshake with host, comes to. Of a wrong certificate it says
// which names it has. A connection that ended in the handshake, without an alert, says nothing about TLS: it is of the
// kind that it would have been later.
func classifyTLS(ctx context.Context, host string, err error) *failure.Failure {
	if f := failure.FromContext(ctx); f != nil {
		if f.Kind == failure.Timeout {
			f.Err = fmt.Errorf("%w: TLS handshake with %s not done", f.Err, host)
		}
		return f
	}
	var wrongName x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	var notTLS tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &wrongName):
		return failure.New(failure.TLS, "tls: %s", misnamed(wrongName.Certificate, host))
	case errors.As(err, &unknown) && isSHA1(unknown.Cert):
		return failure.New(failure.TLS, "tls: certificate of %s is signed with SHA-1, which proves nothing", host)
	case errors.As(err, &unknown):
		return failure.New(failure.TLS, "tls: certificate of %s is signed by an unknown authority", host)
	case errors.As(err, &invalid):
		return failure.New(failure.TLS, "tls: certificate of %s: %s", host, invalid.Error())
	case errors.As(err, &notTLS):
		return failure.New(failure.TLS, "tls: %s does not speak TLS on this port", host)
	case errors.As(err, &op) && op.Op == "remote error": // crypto/tls: an alert that the other side sent
		return failure.New(failure.TLS, "tls: %s refused the handshake: %w", host, op.Err)
	case failure.IsReset(err):
		return failure.New(failure.Reset, "tls: %s reset the connection during the handshake", host)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failure.New(failure.Truncated, "tls: %s closed the connection during the handshake", host)
	case failure.IsTimeout(err):
		return failure.New(failure.Timeout, "tls: the network gave up waiting in the handshake with %s: %w", host,
			failure.Innermost(err))
	}
	return failure.New(failure.TLS, "tls: handshake with %s: %w", host, err)
}
