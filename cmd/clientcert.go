package cmd

import (
	"crypto/tls"
	"encoding/pem"
	"strings"
)

// What to do about a client certificate that can't be used.
const (
	hintPlainKey = "openssl pkey -in KEY -out plain.key writes the key without its password, for --key"
	hintPEM      = "openssl pkcs12 -in FILE -nodes -out client.pem makes one of a PKCS #12 file (.p12, .pfx)"
	hintKeyFile  = "--key FILE names the file with the key"
)

// readPair reads the client certificate that f names, and its key. Problems are added to found.
func readPair(f tlsFlags, files *flagFiles, found *problems) tls.Certificate {
	cert, err := files.read("cert", f.cert)
	if name, hasPassword := cutPassword(f.cert); err != nil && hasPassword {
		found.add("cert", name+":*** is no file, and a password for the key can't be given", hintPlainKey)
		return tls.Certificate{}
	}
	found.addError("cert", err)
	key, keyName, flag := cert, f.cert, "cert"
	if f.key != "" {
		var keyErr error
		keyName, flag = f.key, "key"
		if key, keyErr = files.read("key", f.key); keyErr != nil {
			found.addError("key", keyErr)
			return tls.Certificate{}
		}
	}
	if err != nil {
		return tls.Certificate{}
	}
	pair, err := tls.X509KeyPair(cert, key)
	certs, others := pemBlocks(cert)
	_, keys := pemBlocks(key)
	switch {
	case err == nil:
	case certs+len(others) == 0:
		found.add("cert", f.cert+" holds no PEM certificate", hintPEM)
	case certs == 0:
		found.add("cert", f.cert+" holds a key and no certificate", "")
	case len(keys) == 0:
		found.add(flag, keyName+" holds no PEM key", hintKeyFile)
	case isEncrypted(keys[0]):
		found.add(flag, keyName+" is a key with a password, which can't be read", hintPlainKey)
	default:
		found.add("cert", strings.TrimPrefix(err.Error(), "tls: "), "")
	}
	return pair
}

// cutPassword cuts off the password of FILE:PASSWORD, the form of -E in curl. The colon behind a drive is not of that.
func cutPassword(cert string) (name string, found bool) {
	name, rest, found := strings.Cut(cert, ":")
	isDrive := len(name) == 1 && strings.IndexAny(rest, `/\`) == 0
	return name, found && !isDrive
}

// pemBlocks returns how many certificates are in a text, and the keys.
func pemBlocks(text []byte) (certs int, keys []*pem.Block) {
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		switch {
		case block.Type == "CERTIFICATE":
			certs++
		case strings.HasSuffix(block.Type, "PRIVATE KEY"):
			keys = append(keys, block)
		}
	}
	return certs, keys
}

// isEncrypted reports whether a key has a password: in PKCS #8, or as OpenSSL wrote it before (RFC 1421).
func isEncrypted(key *pem.Block) bool {
	return key.Type == "ENCRYPTED PRIVATE KEY" || key.Headers["DEK-Info"] != ""
}
