package file

import "crypto/sha256"

// A BootID tells one boot of a machine from every other; zero is not known.
type BootID [16]byte

func (b BootID) IsKnown() bool { return b != BootID{} }

// HashBoot hashes what the system calls a boot; empty is not known.
func HashBoot(name string) BootID {
	if name == "" {
		return BootID{}
	}
	sum := sha256.Sum256([]byte(name))
	return BootID(sum[:16])
}
