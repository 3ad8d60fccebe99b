package savedir

import "batchfetch/output/file"

// keepsIdentity reports whether an open file that takes the name of another is the file of that name from then on. That
// is found out once, for the first part. In a mount of rclone 1.60 without --vfs-cache-mode it is not: the file gets
// the name when it is closed, and until then the name is that of the old one. There no body is a part, since the other
// file could be taken for it; nor could it be continued, as files are written from beginning to end there.
func (t *tree) keepsIdentity() bool {
	t.identity.Do(func() { t.losesIdentity = t.findLoss() })
	return !t.losesIdentity
}

// findLoss tries it with two files. An error is not that they lose their identity: it is left to who writes a body.
func (t *tree) findLoss() bool {
	from, to := randomTempName(".", tempEnding), randomTempName(".", tempEnding)
	old, err := t.root.OpenFile(to, createFlags|file.NoWait, 0o666)
	if err != nil {
		return false
	}
	defer func() { _ = t.root.Remove(to) }() // after the files are closed; one that stays has a byte
	_ = old.Close()                          // empty
	f, err := t.root.OpenFile(from, createFlags|file.NoWait, 0o666)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	if _, err = f.Write([]byte{0}); err == nil {
		err = t.root.Rename(from, to)
	}
	if err != nil {
		_ = t.root.Remove(from)
		return false
	}
	return t.checkSameFile(f, to) != nil
}
