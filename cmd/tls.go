package cmd

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
)

// readTLS reads the certificates and keys that f names.
func readTLS(f tlsFlags, files *flagFiles, found *problems) *tls.Config {
	config := &tls.Config{InsecureSkipVerify: f.insecure, MinVersion: tls.VersionTLS12} //nolint:gosec // by --insecure
	if f.cacert != "" {
		content, err := files.read("cacert", f.cacert)
		config.RootCAs = x509.NewCertPool()
		if err == nil && !config.RootCAs.AppendCertsFromPEM(content) {
			err = fmt.Errorf("%s holds no PEM certificate", f.cacert)
		}
		found.addError("cacert", err)
	}
	if f.cert != "" {
		key := f.key
		if key == "" {
			key = f.cert
		}
		pair, err := tls.LoadX509KeyPair(f.cert, key)
		found.addError("cert", err)
		config.Certificates = []tls.Certificate{pair}
	} else if f.key != "" {
		found.add("key", "is given without --cert", "")
	}
	return config
}
