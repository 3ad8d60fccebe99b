package dial

import (
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"

	"batchfetch/fetch/failure"
)

// LegacySuites returns the cipher suites up to TLS 1.2 that old servers want and OpenSSL 3 still has, those with RSA
// key exchange and 3DES among them, beside the usual ones. Not so RC4, which RFC 7465 forbids.
func LegacySuites() []uint16 {
	var ids []uint16
	for _, suite := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		if !strings.Contains(suite.Name, "RC4") {
			ids = append(ids, suite.ID)
		}
	}
	return ids
}

// errProbed ends the handshake of a probe once it has shown what the server wants.
var errProbed = errors.New("probed")

// probedOptions are the options of failures that such a probe may explain.
var probedOptions = []string{OptionCert, OptionCommon, OptionName, OptionAddress, OptionServer, OptionUnreadable}

// explainRefusal returns err, with which a handshake by config failed, or what the server wants that config does not
// allow: a second handshake, which trusts no one and is not completed, offers that too.
func (d *Dialer) explainRefusal(ctx context.Context, addr string, config *tls.Config, err error) error {
	var f *failure.Failure
	if !errors.As(err, &f) || f.Kind != failure.TLS || f.RetryAs != "" || !slices.Contains(probedOptions, f.Option) {
		return err
	}
	host := hostOf(addr)
	raw, connectErr := d.connect(ctx, "https", addr)
	if connectErr != nil {
		return err
	}
	defer func() { _ = raw.Close() }() // the probe is over
	var wants tls.ConnectionState
	probe := config.Clone()
	probe.MinVersion, probe.CipherSuites, probe.ClientSessionCache = tls.VersionTLS10, LegacySuites(), nil
	probe.InsecureSkipVerify, probe.VerifyPeerCertificate = true, nil
	probe.VerifyConnection = func(state tls.ConnectionState) error {
		wants = state
		return errProbed
	}
	probeErr := tls.Client(raw, probe).HandshakeContext(ctx)
	switch trouble := weakKey(wants.PeerCertificates); {
	case !errors.Is(probeErr, errProbed):
		return err
	case isAllowed(config, &wants) && trouble != "":
		return certificateFailure(OptionUnreadable, "certificate of "+host+trouble)
	case isAllowed(config, &wants):
		return err
	}
	explained := failure.New(failure.TLS, "tls: %s wants %s with %s, which is not allowed", host,
		tls.VersionName(wants.Version), tls.CipherSuiteName(wants.CipherSuite))
	if explained.Option = "tls-legacy"; wants.Version == tls.VersionTLS12 && wants.Version < config.MinVersion {
		explained.Option = "tls-min"
	}
	return explained
}

// isAllowed reports whether config allows the version and the cipher suite of a connection.
func isAllowed(config *tls.Config, state *tls.ConnectionState) bool {
	if state.Version < config.MinVersion {
		return false
	}
	if config.CipherSuites != nil {
		return state.Version == tls.VersionTLS13 || slices.Contains(config.CipherSuites, state.CipherSuite)
	}
	return !slices.ContainsFunc(tls.InsecureCipherSuites(), func(s *tls.CipherSuite) bool {
		return s.ID == state.CipherSuite
	})
}
