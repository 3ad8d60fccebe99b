package file

import "os"

// CurrentBoot returns the BootID of the present boot.
func CurrentBoot() BootID {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return BootID{}
	}
	return HashBoot(string(name))
}
