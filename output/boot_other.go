//go:build !linux && !darwin

package output

// thisBoot is not known here.
func thisBoot() bootID { return bootID{} }
