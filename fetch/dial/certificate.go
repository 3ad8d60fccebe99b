package dial

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"batchfetch/fetch/failure"
)

// misnamed says in words why c is no certificate for host (RFC 9525). Neither its common name counts, nor an address
// that is written as a DNS name.
func misnamed(c *x509.Certificate, host string) string {
	names := len(c.DNSNames) + len(c.IPAddresses)
	switch {
	case names == 0 && c.Subject.CommonName != "":
		return fmt.Sprintf("certificate of %s has %s as its common name alone, which does not count",
			host, failure.Clip(c.Subject.CommonName, 253))
	case names == 0:
		return fmt.Sprintf("certificate of %s has no names", host)
	case slices.Contains(c.DNSNames, host):
		return fmt.Sprintf("certificate of %s has the address as a DNS name, where it does not count", host)
	}
	return fmt.Sprintf("certificate for %s, not %s", certificateNames(c), host)
}

// isSHA1 reports whether c is signed with SHA-1, which crypto/x509 never accepts. A nil certificate is not.
func isSHA1(c *x509.Certificate) bool {
	return c != nil && (c.SignatureAlgorithm == x509.SHA1WithRSA || c.SignatureAlgorithm == x509.ECDSAWithSHA1)
}

// certificateNames lists at most three names of a certificate.
func certificateNames(c *x509.Certificate) string {
	names := append([]string(nil), c.DNSNames...)
	for _, ip := range c.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) > 3 {
		names = append(names[:3], "…")
	}
	return strings.Join(names, ", ")
}
