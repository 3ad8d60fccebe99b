package dial

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
)

// handshake makes a TLS connection to host over c. config is changed. Where it fails it closes c, and the error is a
// *failure.Failure.
func handshake(ctx context.Context, c net.Conn, host string, config *tls.Config) (*tls.Conn, error) {
	missesCert := false
	if len(config.Certificates) == 0 && config.GetClientCertificate == nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			missesCert = true
			return new(tls.Certificate), nil // none
		}
	}
	tlsConn := tls.Client(c, config)
	if err := tlsConn.HandshakeContext(ctx); err != nil {
		_ = c.Close() // the error of the handshake is the one to return
		f := classifyHandshake(ctx, host, config, err)
		if missesCert && f.Option == OptionCommon {
			f.Err, f.Option = fmt.Errorf("tls: %s refused the handshake: it wants a client certificate", host), OptionCert
		}
		return nil, f
	}
	return tlsConn, nil
}
