package file

import (
	"errors"
	"os"
)

// A Live is a file that is written as the run goes, from empty, readable only by its owner:
// it may tell of addresses that others need not know.
type Live struct {
	*os.File
	inPlace bool
}

// OpenLive opens the file name. What it holds stays until Begin.
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

// Begin empties the file, unless it is a pipe or a device.
func (l *Live) Begin() error {
	if l.inPlace {
		return nil
	}
	return errors.Join(l.Chmod(0o600), l.Truncate(0)) // one that was there may be readable for all
}
