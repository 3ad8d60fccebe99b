package cmd

import (
	"crypto/tls"
	"slices"
	"testing"
)

// TestTLSFlags: --tls-legacy allows old versions and cipher suites, and --tls-min wins over it and over the default.
func TestTLSFlags(t *testing.T) {
	for _, tt := range []struct {
		name   string
		flags  tlsFlags
		min    uint16
		legacy bool
	}{
		{"neither", tlsFlags{}, tls.VersionTLS12, false},
		{"tls-min below the default", tlsFlags{min: tls.VersionTLS11}, tls.VersionTLS11, false},
		{"tls-min above it", tlsFlags{min: tls.VersionTLS13}, tls.VersionTLS13, false},
		{"tls-legacy", tlsFlags{legacy: true}, tls.VersionTLS10, true},
		{"both", tlsFlags{legacy: true, min: tls.VersionTLS12}, tls.VersionTLS12, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			config := readTLS(tt.flags, nil, new(problems))
			if config.MinVersion != tt.min ||
				slices.Contains(config.CipherSuites, tls.TLS_RSA_WITH_3DES_EDE_CBC_SHA) != tt.legacy ||
				slices.Contains(config.CipherSuites, tls.TLS_RSA_WITH_RC4_128_SHA) {
				t.Errorf("got %s and suites %#x", tls.VersionName(config.MinVersion), config.CipherSuites)
			}
		})
	}
}

func TestParseTLSVersion(t *testing.T) {
	for text, want := range map[string]uint16{"1.0": tls.VersionTLS10, "1.3": tls.VersionTLS13} {
		if got, err := parseTLSVersion(text); err != nil || got != want {
			t.Errorf("%s: got %#x, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "1", "1.4", "TLS1.2", "-1"} {
		if _, err := parseTLSVersion(text); err == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}
