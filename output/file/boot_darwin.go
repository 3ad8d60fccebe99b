package file

import "golang.org/x/sys/unix"

// CurrentBoot returns the BootID of the present boot.
func CurrentBoot() BootID {
	name, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return BootID{}
	}
	return HashBoot(name)
}
