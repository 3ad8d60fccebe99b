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
	if draft, ok := d.files.createUnnamed(b.images); ok {
		alone := d.nameAll(draft, b.parts)
		_ = draft.file.Close() // it was written
		if len(alone) < len(b.parts) {
			d.usage.add(diskSize(int64(len(b.images))))
		}
		return d.putEach(alone)
	}
	w := d.writer(b.parts[0].key)
	w.head = b.images
	defer w.Abort()
	if err := w.complete(); err != nil {
		return err
	}
	alone := d.nameAll(namedDraft{d.files.dir, w.file.Name()}, b.parts[1:])
	err := w.publish(int64(len(b.images)))
	return errors.Join(unlessObstructed(err), d.putEach(alone))
}

// nameAll gives a complete file the names of all parts, and returns those whose names it could not get.
func (d *Disk) nameAll(file completeFile, parts []part) (alone []part) {
	for _, p := range parts {
		err := fs.ErrExist
		if !p.replaces {
			err = d.files.link(file, p.key)
		}
		if errors.Is(err, fs.ErrExist) {
			err = d.files.linkInPlace(file, p.key)
		}
		if err != nil {
			alone = append(alone, p)
		}
	}
	return alone
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
