//go:build !linux && !darwin

package file

// CurrentBoot is not known here.
func CurrentBoot() BootID { return BootID{} }
