package cache

import (
	"errors"
	"io/fs"
)

// putAll stores the images of a batch: in one file with a name for each, for a fifth of what a file for each costs, or
// for half of it where they replace entries. They get files of their own where the file system has no further names for
// one. What can't be stored because of something else in its place is no error.
func (d *Disk) putAll(b *batch) error {
	if !canShare || len(b.parts) == 1 {
		return d.putEach(b.parts)
	}
	w := d.writer(b.parts[0].key)
	w.head = b.images
	defer w.Abort()
	if err := w.complete(); err != nil {
		return err
	}
	var alone []part
	for i, p := range b.parts[1:] {
		err := fs.ErrExist
		if !p.replaces {
			err = d.files.link(w.file.Name(), p.key)
		}
		if errors.Is(err, fs.ErrExist) {
			err = d.files.linkInPlace(w.file.Name(), i, p.key)
		}
		if err != nil {
			alone = append(alone, p)
		}
	}
	err := w.publish(int64(len(b.images)))
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
	w := d.writer(p.key)
	w.head = p.image
	defer w.Abort()
	if err := w.complete(); err != nil {
		return err
	}
	return w.publish(int64(len(p.image)))
}

// unlessObstructed returns nil for an error of one entry alone, else err.
func unlessObstructed(err error) error {
	if errors.Is(err, errObstructed) {
		return nil
	}
	return err
}
