package file

import "crypto/sha256"

// BootID is a hash of what tells one boot of a machine from another; the zero BootID is an unknown one.
type BootID [16]byte

// IsKnown reports whether it is the ID of a boot.
func (b BootID) IsKnown() bool { return b != BootID{} }

// HashBoot returns the BootID of a boot that the system calls name; empty is not known.
func HashBoot(name string) BootID {
	if name == "" {
		return BootID{}
	}
	sum := sha256.Sum256([]byte(name))
	return BootID(sum[:16])
}
