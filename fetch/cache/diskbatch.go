package cache

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// putAll stores the images of a batch: in one file with a name for each, for a fifth of what a file for each costs, or
// for half of it where they replace entries. They get files of their own where the file system has no further names for
// one. What can't be stored because of something else in its place is no error.
func (d *Disk) putAll(b *batch) error {
	if !canShare || len(b.parts) == 1 {
		return d.putEach(b.parts)
	}
	w := diskWriter{disk: d, key: b.parts[0].key, head: b.images}
	defer w.Abort()
	if err := w.complete(); err != nil {
		return err
	}
	var alone []part
	for i, p := range b.parts[1:] {
		err := fs.ErrExist
		if !p.replaces {
			err = d.link(w.file.Name(), p.key)
		}
		if errors.Is(err, fs.ErrExist) {
			err = d.linkInPlace(w.file.Name(), i, p.key)
		}
		if err != nil {
			alone = append(alone, p)
		}
	}
	err := d.publish(w.file.Name(), int64(len(b.images)), w.key, &w.done)
	return errors.Join(unlessObstructed(err), d.putEach(alone))
}

// putEach stores each image in a file of its own, up to the first that fails.
func (d *Disk) putEach(parts []part) error {
	for _, p := range parts {
		if err := unlessObstructed(d.putImage(p)); err != nil {
			return err
		}
	}
	return nil
}

// putImage stores an image in a file of its own.
func (d *Disk) putImage(p part) error {
	w := diskWriter{disk: d, key: p.key, head: p.image}
	defer w.Abort()
	if err := w.complete(); err != nil {
		return err
	}
	return d.publish(w.file.Name(), int64(len(p.image)), p.key, &w.done)
}

// unlessObstructed returns nil for an error of one entry alone, else err.
func unlessObstructed(err error) error {
	if errors.Is(err, errObstructed) {
		return nil
	}
	return err
}

// link gives a complete draft the name of key too, unless there is something of that name.
func (d *Disk) link(draft string, key Key) error {
	d.willStore(key)
	name := d.name(key)
	err := os.Link(draft, name)
	if errors.Is(err, fs.ErrNotExist) { // the folder does not exist yet
		if err = os.MkdirAll(filepath.Dir(name), 0o700); err == nil {
			err = os.Link(draft, name)
		}
	}
	return err
}

// linkInPlace gives a complete draft the name of key too, in place of the file that has it: first the i-th further name
// of a draft.
func (d *Disk) linkInPlace(draft string, i int, key Key) error {
	d.willStore(key)
	name := d.name(key)
	further := filepath.Join(filepath.Dir(name), filepath.Base(draft)+"-"+strconv.Itoa(i))
	if err := os.Link(draft, further); err != nil {
		return err
	}
	err := rename(further, name)
	if err != nil {
		_ = os.Remove(further) // one that stays is removed by a sweep
	}
	return err
}
