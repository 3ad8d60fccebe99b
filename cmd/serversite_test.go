package cmd_test

import (
	"bytes"
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"batchfetch/fetch/nettest"
)

// A serverSite is what a serverProgram serves, and where.
type serverSite struct {
	Dir        string // of its configuration, certificate, logs and temporary files
	Root       string // the folder that it serves
	Plain, TLS string // ports on 127.0.0.1
}

// newServerSite makes the folders, certificate, free ports and served files of a site. A server that gives up root's
// rights can read them.
func newServerSite(t *testing.T) *serverSite {
	t.Helper()
	dir, err := os.MkdirTemp("", "batchfetch-servers-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	site := &serverSite{Dir: dir, Root: filepath.Join(dir, "www")}
	for _, port := range []*string{&site.Plain, &site.TLS} {
		var err error
		if *port, err = nettest.FreePort(); err != nil {
			t.Fatal(err)
		}
	}
	for _, folder := range []string{site.Dir, filepath.Join(site.Root, "small")} {
		if err := os.MkdirAll(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chmod(site.Dir, 0o755); err != nil {
		t.Fatal(err)
	}
	writeCertificate(t, site.Dir)
	for i := range 40 {
		name := filepath.Join(site.Root, "small", fmt.Sprintf("%d.json", i))
		writeServed(t, name, fmt.Appendf(nil, `{"page":%d}`, i))
	}
	table := numberedLines(200_000)
	writeServed(t, filepath.Join(site.Root, "table.csv"), table)
	writeServed(t, filepath.Join(site.Root, "large.bin"), table)
	writeServed(t, filepath.Join(site.Root, "notes.txt"), table[:4000])
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, _ = z.Write(table) // into memory
	_ = z.Close()
	writeServed(t, filepath.Join(site.Root, "release.tar.gz"), packed.Bytes())
	return site
}

// numberedLines returns a text of n lines that compresses to about a third.
func numberedLines(n int) []byte {
	var text []byte
	for i := range n {
		text = fmt.Appendf(text, "%d,%d\n", i, i*i*2654435761%1_000_003)
	}
	return text
}

// writeServed writes a file that every user can read, an hour old: servers hold tags of younger files for weak.
func writeServed(t *testing.T, name string, content []byte) {
	t.Helper()
	hourAgo := time.Now().Add(-time.Hour)
	if err := os.WriteFile(name, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, hourAgo, hourAgo); err != nil {
		t.Fatal(err)
	}
}

// writeCertificate writes cert.pem, signed by itself for 127.0.0.1, and key.pem.
func writeCertificate(t *testing.T, dir string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	form := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "batchfetch test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, form, form, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	writeServed(t, filepath.Join(dir, "cert.pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	writeServed(t, filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
}
