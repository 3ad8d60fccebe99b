package dial

import (
	"crypto/tls"

	"batchfetch/fetch/conn"
)

// This file is about servers that ask for a client certificate once a request has come, as Apache does where a folder
// wants one. Over TLS 1.3 that is post-handshake authentication (RFC 8446 section 4.6.2), which crypto/tls can't do:
// Apache 2.4 answers 403. Over TLS 1.2 it is a renegotiation, which it can.

// TryLateCert has the connections to addr use TLS 1.2, where a client certificate can be asked for after a request. It
// reports false where there is none, or where that was tried for nothing.
func (d *Dialer) TryLateCert(addr string) bool {
	if len(d.TLS.Certificates) == 0 || d.TLS.MinVersion >= tls.VersionTLS13 {
		return false
	}
	tried := false
	d.quirks.change(addr, func(k *quirk) {
		if k.lateCert == certUnknown {
			k.lateCert = certTried
		}
		tried = k.lateCert != certNever
	})
	return tried
}

// EndLateCert says that TLS 1.2 was no help, unless addr has asked over it.
func (d *Dialer) EndLateCert(addr string) {
	d.quirks.change(addr, func(k *quirk) {
		if k.lateCert == certTried {
			k.lateCert = certNever
		}
	})
}

// noteCertRequest has config note that addr asks for a client certificate over c, where there is one. The certificate
// is the one that crypto/tls takes.
func (d *Dialer) noteCertRequest(c *conn.Conn, addr string, config *tls.Config) {
	if len(config.Certificates) == 0 || config.GetClientCertificate != nil {
		return
	}
	config.GetClientCertificate = func(asked *tls.CertificateRequestInfo) (*tls.Certificate, error) {
		c.NoteCertRequest()
		d.quirks.change(addr, func(k *quirk) {
			if k.lateCert == certTried {
				k.lateCert = certAsked
			}
		})
		for i := range config.Certificates {
			if asked.SupportsCertificate(&config.Certificates[i]) == nil {
				return &config.Certificates[i], nil
			}
		}
		return new(tls.Certificate), nil
	}
}
