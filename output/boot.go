package output

import "crypto/sha256"

// A bootID tells one boot of a machine from every other; zero is not known.
type bootID [16]byte

func (b bootID) known() bool { return b != bootID{} }

// bootOf hashes what the system calls a boot; empty is not known.
func bootOf(name string) bootID {
	if name == "" {
		return bootID{}
	}
	sum := sha256.Sum256([]byte(name))
	return bootID(sum[:16])
}
