package file

import "golang.org/x/sys/unix"

// CurrentBoot is the boot that the machine runs in.
func CurrentBoot() BootID {
	name, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return BootID{}
	}
	return HashBoot(name)
}
