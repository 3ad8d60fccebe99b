package file

import (
	"errors"
	"os"
)

// Live is a file that is written in place as the run goes, from empty. Only its owner may read it, since URLs in it may
// be secret.
type Live struct {
	*os.File
	inPlace bool
}

// OpenLive opens the file name. Its content stays until Begin.
func OpenLive(name string) (*Live, error) {
	if info, err := os.Stat(name); err == nil && WritesInPlace(name, info) && !info.IsDir() {
		f, err := openForAppend(name)
		return &Live{f, true}, err
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return &Live{File: f}, nil
}

// Begin truncates the file, and sets its mode to 0600, unless it is a pipe or a device.
func (l *Live) Begin() error {
	if l.inPlace {
		return nil
	}
	return errors.Join(l.Chmod(0o600), l.Truncate(0)) // an existing file may be readable by others
}
