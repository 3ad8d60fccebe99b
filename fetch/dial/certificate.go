package dial

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

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

// certificateFailure returns the Failure for a certificate with such trouble, and the option that helps.
func certificateFailure(option, trouble string) *failure.Failure {
	f := failure.New(failure.TLS, "tls: %s", trouble)
	f.Option = option
	return f
}

// sentCertificates returns the certificates that a server sent, its own first, where err is that they can't be
// verified.
func sentCertificates(err error) []*x509.Certificate {
	var unverified *tls.CertificateVerificationError
	if errors.As(err, &unverified) {
		return unverified.UnverifiedCertificates
	}
	return nil
}

// untrusted completes "the certificate is" for one whose authority is not known: whose it would have to be, and
// whether the server has left out the certificates between the two (RFC 8446 section 4.4.2).
func untrusted(sent []*x509.Certificate) string {
	if len(sent) == 0 {
		return "signed by an unknown authority"
	}
	last := sent[len(sent)-1]
	switch {
	case len(sent) == 1 && isSelfSigned(last):
		return "self-signed"
	case len(sent) == 1:
		return fmt.Sprintf("signed by an unknown authority, %s, and the server sends no intermediate certificate",
			nameOf(&last.Issuer))
	}
	return fmt.Sprintf("signed by an unknown authority, %s", nameOf(&last.Issuer))
}

// isSelfSigned reports whether c names itself as its issuer; the signature is not checked.
func isSelfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// nameOf returns the common name in a certificate, or else the whole name that has none.
func nameOf(n *pkix.Name) string {
	const most = 100 // bytes
	return failure.Clip(cmp.Or(n.CommonName, n.String(), "without a name"), most)
}

// invalidity completes "certificate of HOST" for one of those sent that is invalid at now: since when, and which it is
// if not the first.
func invalidity(invalid *x509.CertificateInvalidError, sent []*x509.Certificate, now time.Time) string {
	c := invalid.Cert
	if c == nil || invalid.Reason != x509.Expired {
		return ": " + strings.TrimPrefix(invalid.Error(), "x509: ")
	}
	whose := ""
	if len(sent) > 0 && !c.Equal(sent[0]) {
		whose = ": that of its authority, " + nameOf(&c.Subject) + ","
	}
	const minutes = "2006-01-02 15:04 UTC"
	if now.Before(c.NotBefore) {
		return whose + " is not valid before " + c.NotBefore.UTC().Format(minutes)
	}
	return whose + " expired on " + c.NotAfter.UTC().Format(minutes)
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
