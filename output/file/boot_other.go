//go:build !linux && !darwin

package file

// CurrentBoot returns the unknown BootID: there is none here.
func CurrentBoot() BootID { return BootID{} }
