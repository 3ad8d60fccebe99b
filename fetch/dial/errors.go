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
	"reflect"
	"strings"
	"time"

	"batchfetch/fetch/failure"
	"batchfetch/fetch/fdlimit"
	"batchfetch/fetch/resolver"
)

// classifyDial returns the failure that err, met while connecting to addr, comes to: a limit, a name that does not
// resolve, an address that does not accept, or one that is not public.
func classifyDial(ctx context.Context, addr string, err error) *failure.Failure {
	host := hostOf(addr)
	var blocked *BlockedError
	if errors.As(err, &blocked) {
		return blocked.Failure(host)
	}
	var name *resolver.Error
	isName := errors.As(err, &name)
	failure.AwaitDeadline(ctx, err)
	if f := failure.FromContext(ctx); f != nil {
		if f.Kind == failure.Timeout {
			what := "no connection to " + addr
			if isName && name.Waiting {
				what = name.Error()
			}
			f.Err = fmt.Errorf("%w: %s", f.Err, what)
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
	if isName {
		return failure.New(failure.DNS, "%s", name)
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
// kind that it would have been later. asked are the protocols that were asked for (ALPN).
func classifyTLS(ctx context.Context, host string, asked []string, err error) *failure.Failure {
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
		return certificateFailure("resolve", misnamed(wrongName.Certificate, host))
	case errors.As(err, &unknown) && isSHA1(unknown.Cert):
		return certificateFailure("insecure", "certificate of "+host+" is signed with SHA-1, which proves nothing")
	case errors.As(err, &unknown):
		return certificateFailure("cacert", "certificate of "+host+" is "+untrusted(sentCertificates(err)))
	case errors.As(err, &invalid):
		return certificateFailure("insecure", "certificate of "+host+invalidity(&invalid, sentCertificates(err), time.Now()))
	case errors.As(err, &notTLS):
		f := failure.New(failure.TLS, "tls: %s does not speak TLS on this port", host)
		f.Option = failure.PlainScheme
		return f
	case isAlert(err, alertNoProtocol):
		return NotSpoken(host, asked)
	case errors.As(err, &op) && op.Op == "remote error": // crypto/tls: an alert that the other side sent
		f := failure.New(failure.TLS, "tls: %s refused the handshake: %w", host, op.Err)
		f.Option = OptionCert
		return f
	case failure.IsReset(err):
		return failure.New(failure.Reset, "tls: %s reset the connection during the handshake", host)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failure.New(failure.Truncated, "tls: %s closed the connection during the handshake", host)
	case failure.IsTimeout(err):
		return failure.New(failure.Timeout, "tls: the network gave up waiting in the handshake with %s: %w", host,
			failure.Innermost(err))
	}
	f := failure.New(failure.TLS, "tls: handshake with %s: %w", host, err)
	if !errors.As(err, new(*tls.CertificateVerificationError)) {
		f.Option = OptionCert
	}
	return f
}

// OptionCert is the Failure.Option where a server refuses what it is offered: it may want a client certificate.
const OptionCert = "cert"

// alertNoProtocol is the TLS alert no_application_protocol (RFC 7301 section 3.2).
const alertNoProtocol = 120

// isAlert reports whether err is that the other side sent the alert of that code (RFC 8446 section 6.2). The type of
// crypto/tls is not exported: it is known by its kind.
func isAlert(err error, code uint64) bool {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return false
	}
	sent := reflect.ValueOf(op.Err)
	return sent.Kind() == reflect.Uint8 && sent.Uint() == code
}

// NotSpoken returns the failure of an exchange with a host that speaks none of the protocols that were asked for, which
// are named as in ALPN (RFC 7301).
func NotSpoken(host string, asked []string) *failure.Failure {
	names := strings.NewReplacer("h2", "HTTP/2", "http/1.1", "HTTP/1.1").Replace(strings.Join(asked, " or "))
	f := failure.New(failure.Protocol, "%s does not speak %s", host, names)
	f.Option = "http"
	return f
}

// NeedsHTTPS returns the failure of a request without TLS to a port that speaks TLS.
func NeedsHTTPS() *failure.Failure {
	f := failure.New(failure.Protocol,
		"not a valid HTTP answer: it speaks TLS on this port, for which the URL is https://")
	f.Option = failure.TLSScheme
	return f
}
