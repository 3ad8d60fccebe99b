package digest

import (
	"bytes"
	"fmt"
)

// Algorithms returns the names of the Algorithms of claims.
func (list Claims) Algorithms() (names []string) {
	for _, c := range list {
		names = append(names, c.Algorithm)
	}
	return names
}

// A Mismatch is that bytes have another digest than was said of them.
type Mismatch struct {
	Claim Claim
	Got   []byte
}

func (m *Mismatch) Error() string {
	return fmt.Sprintf("%s of what has come is %x, not %x, which the server's %s says",
		m.Claim.Algorithm, m.Got, m.Claim.sum, m.Claim.Field)
}

// Check returns a Mismatch where bytes do not have a claim: those whose hashes are in h. Nil is that they have it, or
// that h lacks its Algorithm.
func (c Claim) Check(h Hashes) *Mismatch {
	sum := h[c.Algorithm]
	if sum == nil {
		return nil
	}
	if got := sum.Sum(nil); !bytes.Equal(got, c.sum) {
		return &Mismatch{c, got}
	}
	return nil
}

// Is reports whether a claim is that sum.
func (c Claim) Is(sum []byte) bool { return bytes.Equal(sum, c.sum) }
