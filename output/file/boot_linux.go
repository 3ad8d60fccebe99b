package file

import "os"

// CurrentBoot is the boot that the machine runs in.
func CurrentBoot() BootID {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return BootID{}
	}
	return HashBoot(string(name))
}
