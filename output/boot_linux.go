package output

import "os"

// thisBoot is the boot that the machine runs in.
func thisBoot() bootID {
	name, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return bootID{}
	}
	return bootOf(string(name))
}
