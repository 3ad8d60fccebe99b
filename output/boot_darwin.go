package output

import "golang.org/x/sys/unix"

// thisBoot is the boot that the machine runs in.
func thisBoot() bootID {
	name, err := unix.Sysctl("kern.bootsessionuuid")
	if err != nil {
		return bootID{}
	}
	return bootOf(name)
}
