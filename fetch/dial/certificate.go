package dial

import (
	"bytes"
	"cmp"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"batchfetch/fetch/failure"
)

// misnamed says in words why c is no certificate for host (RFC 9525). Neither its common name counts, nor an address
// that is written as a DNS name.
func misnamed(c *x509.Certificate, host string) string {
	names := len(c.DNSNames) + len(c.IPAddresses)
	switch {
	case names == 0 && c.Subject.CommonName != "":
		return fmt.Sprintf("certificate of %s has %s as its common name alone, which does not count",
			host, printable(c.Subject.CommonName))
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

// untrusted completes "the certificate is" for one whose authority is not known, and returns the option that helps:
// whose it would have to be, and whether the server has left out the certificates between the two (RFC 8446 section
// 4.4.2).
func untrusted(sent []*x509.Certificate) (option, trouble string) {
	if len(sent) == 0 {
		return "cacert", "signed by an unknown authority"
	}
	last := sent[len(sent)-1]
	for _, c := range sent[1:] {
		if c.BasicConstraintsValid && !c.IsCA {
			return "insecure", fmt.Sprintf("signed by %s, which is no authority", nameOf(&c.Subject))
		}
	}
	switch {
	case len(sent) == 1 && isSelfSigned(last):
		return "cacert", "self-signed"
	case len(sent) == 1:
		return OptionChain, fmt.Sprintf(
			"signed by an unknown authority, %s, and the server sends no intermediate certificate", nameOf(&last.Issuer))
	}
	return "cacert", fmt.Sprintf("signed by an unknown authority, %s", nameOf(&last.Issuer))
}

// unsupported completes "the certificate" for a key or a signature among those sent that crypto/x509 can't use, as RSA
// keys that are for PSS alone (RFC 4055 section 1.2); "" is none.
func unsupported(sent []*x509.Certificate) string {
	for i, c := range sent {
		whose := ""
		if i > 0 {
			whose = ": that of its authority, " + nameOf(&c.Subject) + ","
		}
		switch {
		case c.PublicKeyAlgorithm == x509.UnknownPublicKeyAlgorithm:
			return whose + " has a key of a kind that is not supported, such as RSA-PSS"
		case c.SignatureAlgorithm == x509.UnknownSignatureAlgorithm:
			return whose + " has a signature of a kind that is not supported"
		}
	}
	return ""
}

// weakKey completes "the certificate" for an RSA key that crypto/rsa refuses as too short; "" is none.
func weakKey(sent []*x509.Certificate) string {
	const least = 1024 // bits
	if len(sent) == 0 {
		return ""
	}
	key, ok := sent[0].PublicKey.(*rsa.PublicKey)
	if !ok || key.N.BitLen() >= least {
		return ""
	}
	return fmt.Sprintf(" has an RSA key of %d bits, too short to prove anything", key.N.BitLen())
}

// isSelfSigned reports whether c names itself as its issuer; the signature is not checked.
func isSelfSigned(c *x509.Certificate) bool { return bytes.Equal(c.RawIssuer, c.RawSubject) }

// nameOf returns the common name in a certificate, or else the whole name that has none.
func nameOf(n *pkix.Name) string {
	const most = 100 // bytes
	return failure.Clip(printable(cmp.Or(n.CommonName, n.String(), "without a name")), most)
}

// invalidity completes "certificate of HOST" for one of those sent that is invalid at now: since when, and which it is
// if not the first.
func invalidity(invalid *x509.CertificateInvalidError, sent []*x509.Certificate, now time.Time) string {
	c := invalid.Cert
	if c == nil || invalid.Reason != x509.Expired {
		return ": " + cmp.Or(invalidReasons[invalid.Reason], "it is not valid")
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

// invalidReasons are the reasons why a certificate is invalid, in words of ours: those of crypto/x509 quote the
// certificate.
var invalidReasons = map[x509.InvalidReason]string{
	x509.Expired:                       "it has expired, or is not valid yet",
	x509.NotAuthorizedToSign:           "it is signed by one that may not sign others",
	x509.CANotAuthorizedForThisName:    "its authority may not sign for a name that it has (name constraints)",
	x509.TooManyIntermediates:          "there are more intermediates than an authority allows",
	x509.IncompatibleUsage:             "it is not one for servers (key usage)",
	x509.NameMismatch:                  "the name of its issuer is not that of the certificate sent",
	x509.UnconstrainedName:             "it has a name of a kind that its authority does not allow (name constraints)",
	x509.TooManyConstraints:            "its authority has too many name constraints",
	x509.CANotAuthorizedForExtKeyUsage: "its authority may not sign for servers (key usage)",
	x509.NoValidChains:                 "no chain of certificates is valid",
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
	for i, name := range names {
		names[i] = printable(name)
	}
	return strings.Join(names, ", ")
}

// printable returns text of a certificate, or about one, for a message: of 253 bytes at most, as a host's name, and
// with U+FFFD for what is not graphic.
func printable(text string) string {
	const most = 253 // bytes
	return failure.Clip(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text), most)
}
