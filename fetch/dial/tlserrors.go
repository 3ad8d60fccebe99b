package dial

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"
	"sync"
	"time"

	"batchfetch/fetch/failure"
)

// classifyHandshake is classifyTLS for a handshake with that configuration. Where neither that nor this machine has a
// certificate of an authority, as in an empty container, no certificate can be checked, right or wrong.
func classifyHandshake(ctx context.Context, host string, config *tls.Config, err error) *failure.Failure {
	f := classifyTLS(ctx, host, config.NextProtos, err)
	var unread x509.SystemRootsError
	if errors.As(err, &unread) && unread.Err != nil { // the file is a folder, as Docker mounts one that is not there
		return certificateFailure(OptionNoRoots, "certificate of "+host+" can't be checked: no authorities can be read: "+
			unread.Err.Error())
	}
	if errors.As(err, new(x509.UnknownAuthorityError)) && config.RootCAs == nil && hasNoRoots() {
		return certificateFailure(OptionNoRoots,
			"certificate of "+host+" can't be checked: this machine has no certificates of authorities")
	}
	return f
}

// hasNoRoots reports whether the system has no certificate of an authority. Systems that check certificates by
// themselves always have some.
var hasNoRoots = sync.OnceValue(func() bool {
	roots, err := x509.SystemCertPool()
	return err == nil && roots.Equal(x509.NewCertPool())
})

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
	if f := classifyCertificate(host, err); f != nil {
		return f
	}
	var notTLS tls.RecordHeaderError
	alert, isAlert := alertIn(err)
	switch {
	case errors.As(err, &notTLS):
		f := failure.New(failure.TLS, "tls: %s does not speak TLS on this port", host)
		f.Option = failure.PlainScheme
		return f
	case isAlert && alert == alertNoProtocol:
		return NotSpoken(host, asked)
	case isAlert:
		return RefusedByAlert(host+" refused the handshake", host, err)
	case failure.IsReset(err):
		return failure.New(failure.Reset, "tls: %s reset the connection during the handshake", host)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return failure.New(failure.Truncated, "tls: %s closed the connection during the handshake", host)
	case failure.IsTimeout(err):
		return failure.New(failure.Timeout, "tls: the network gave up waiting in the handshake with %s: %w", host,
			failure.Innermost(err))
	}
	f := failure.New(failure.TLS, "tls: handshake with %s: %s", host, printable(err.Error()))
	if !errors.As(err, new(*tls.CertificateVerificationError)) {
		f.Option = OptionUnreadable
	}
	return f
}

// classifyCertificate returns the failure of a handshake with host whose certificate crypto/x509 does not accept; nil
// is another error.
func classifyCertificate(host string, err error) *failure.Failure {
	var wrongName x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var invalid x509.CertificateInvalidError
	of := "certificate of " + host
	sent := sentCertificates(err)
	switch {
	case errors.As(err, &wrongName):
		return certificateFailure("resolve", misnamed(wrongName.Certificate, host))
	case errors.As(err, &unknown) && isSHA1(unknown.Cert):
		return certificateFailure("insecure", of+" is signed with SHA-1, which proves nothing")
	case errors.As(err, &unknown) && unsupported(sent) != "":
		return certificateFailure("insecure", of+unsupported(sent))
	case errors.As(err, &unknown):
		option, trouble := untrusted(sent)
		return certificateFailure(option, of+" is "+trouble)
	case errors.As(err, &invalid):
		return certificateFailure("insecure", of+invalidity(&invalid, sent, time.Now()))
	}
	return nil
}

// alertNoProtocol is the TLS alert no_application_protocol (RFC 7301 section 3.2).
const alertNoProtocol = 120

// An alertTrouble is what a TLS alert says: the option that helps, and whether it may pass by itself.
type alertTrouble struct {
	option  string
	means   string // in words
	passing bool
}

// alertTroubles are the alerts of servers, by their codes (RFC 8446 section 6.2).
var alertTroubles = map[uint64]alertTrouble{
	10:  {OptionServer, "unexpected message", false},
	20:  {OptionServer, "what came was damaged on its way", true},
	40:  {OptionCommon, "it accepts nothing of what it is offered", false},
	42:  {OptionCert, "it does not accept the client certificate, or misses one", false},
	43:  {OptionClientCert, "client certificate of a kind that it does not support", false},
	44:  {OptionClientCert, "client certificate revoked", false},
	45:  {OptionClientCert, "client certificate expired", false},
	46:  {OptionClientCert, "client certificate not accepted", false},
	47:  {OptionServer, "illegal parameter", false},
	48:  {OptionClientCert, "client certificate of an authority that it does not know", false},
	49:  {OptionCert, "access denied", false},
	50:  {OptionServer, "it can't read what it was sent", false},
	51:  {OptionServer, "what came was damaged on its way", true},
	70:  {OptionCommon, "it speaks none of the TLS versions that it is offered", false},
	71:  {OptionCommon, "it wants stronger encryption", false},
	80:  {OptionServer, "internal error", true},
	90:  {OptionServer, "it gave up", true},
	109: {OptionServer, "it misses an extension", false},
	112: {OptionName, "it has no such name", false},
	116: {OptionCert, "it wants a client certificate", false},
}

// RefusedByAlert returns the failure for the TLS alert in err with which a server of that host, which may be "", ended
// a connection. what completes "tls: ".
func RefusedByAlert(what, host string, err error) *failure.Failure {
	code, _ := alertIn(err)
	trouble, known := alertTroubles[code]
	if !known {
		trouble = alertTrouble{option: OptionServer, means: tls.AlertError(uint8(code)).Error()} //nolint:gosec // a byte
	}
	f := failure.New(failure.TLS, "tls: %s: %s (alert %d)", what, trouble.means, code)
	f.Option = trouble.option
	if trouble.passing {
		f.RetryAs = failure.Reset
	}
	if _, err := netip.ParseAddr(host); err == nil && trouble.option == OptionServer {
		f.Option = OptionAddress // an address is not sent as a name (RFC 6066 section 3)
	}
	return f
}

// alertIn returns the code of the alert that the other side sent (RFC 8446 section 6.2), where err is that. The type of
// crypto/tls is not exported: it is known by its kind.
func alertIn(err error) (code uint64, is bool) {
	var op *net.OpError
	if !errors.As(err, &op) || op.Op != "remote error" {
		return 0, false
	}
	sent := reflect.ValueOf(op.Err)
	if sent.Kind() != reflect.Uint8 {
		return 0, false
	}
	return sent.Uint(), true
}
