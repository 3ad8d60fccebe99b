package file

import (
	"errors"
	"io"
	"os"
)

// Live is a file that is written in place as the run goes, from empty or behind what it has, and locked. Only its owner
// may read it, since URLs in it may be secret.
type Live struct {
	*os.File
	inPlace bool // a pipe or a device
	created bool
}

// OpenLive opens the file name, behind symbolic links, and locks it. Its content stays until Begin, or for good. The
// error is ErrBusy where another run is writing the file.
func OpenLive(name string) (*Live, error) {
	if err := CheckLinks(name); err != nil {
		return nil, err
	}
	info, missing := os.Stat(name)
	if missing == nil && WritesInPlace(name, info) && !info.IsDir() {
		f, err := openForAppend(name)
		return &Live{File: f, inPlace: true}, err
	}
	name = ResolveLinks(name)
	f, err := OpenLocked(name, os.O_RDWR|os.O_CREATE|Append, 0o600)
	if err != nil {
		return nil, err
	}
	live := &Live{File: f, created: missing != nil}
	if err := CheckNotBusy(name + partSuffix); err != nil { // an Atomic, which would replace this file: see Create
		live.Discard()
		return nil, err
	}
	return live, nil
}

// IsInPlace reports whether it is a pipe or a device.
func (l *Live) IsInPlace() bool { return l.inPlace }

// Begin truncates the file, and sets its mode to 0600, unless it is a pipe or a device.
func (l *Live) Begin() error {
	if l.inPlace {
		return nil
	}
	return errors.Join(l.Chmod(0o600), l.Truncate(0)) // an existing file may be readable by others
}

// Continue has Write append whole lines, unless it is a pipe or a device: a last one that is not whole is ended.
func (l *Live) Continue() error {
	if l.inPlace {
		return nil
	}
	size, err := l.Seek(0, io.SeekEnd)
	last := []byte("\n")
	if err == nil && size > 0 {
		_, err = l.ReadAt(last, size-1)
	}
	if err = errors.Join(err, l.Chmod(0o600)); err == nil && last[0] != '\n' {
		_, err = l.WriteString("\n")
	}
	return err
}

// Discard closes a file that has not begun, and removes it where OpenLive has created it. One with content is that of
// a run which has ended just before.
func (l *Live) Discard() {
	if info, err := l.Stat(); err == nil && info.Size() == 0 && l.created {
		_ = os.Remove(l.Name()) // while it is locked; one that stays is empty
	}
	_ = l.Close() // nothing was written
}
