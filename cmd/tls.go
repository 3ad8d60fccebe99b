package cmd

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/parse"
)

// parseTLSVersion parses --tls-min.
func parseTLSVersion(text string) (uint16, error) {
	for version, name := range map[uint16]string{
		tls.VersionTLS10: "1.0", tls.VersionTLS11: "1.1", tls.VersionTLS12: "1.2", tls.VersionTLS13: "1.3",
	} {
		if text == name {
			return version, nil
		}
	}
	return 0, &parse.Error{Problem: "no version of TLS", Hint: "there are 1.0, 1.1, 1.2 and 1.3"}
}

// readTLS reads the certificates and keys that f names.
func readTLS(f tlsFlags, files *flagFiles, found *problems) *tls.Config {
	config := &tls.Config{InsecureSkipVerify: f.insecure, MinVersion: tls.VersionTLS12} //nolint:gosec // by --insecure
	if f.legacy {
		config.MinVersion, config.CipherSuites = tls.VersionTLS10, dial.LegacySuites()
	}
	if f.min != 0 {
		config.MinVersion = f.min
	}
	if f.cacert != "" {
		content, err := files.read("cacert", f.cacert)
		config.RootCAs = x509.NewCertPool()
		if err == nil && !config.RootCAs.AppendCertsFromPEM(content) {
			err = fmt.Errorf("%s holds no PEM certificate", f.cacert)
		}
		found.addError("cacert", err)
	}
	if f.cert != "" {
		config.Certificates = []tls.Certificate{readPair(f, files, found)}
	} else if f.key != "" {
		found.add("key", "is given without --cert", "")
	}
	return config
}
