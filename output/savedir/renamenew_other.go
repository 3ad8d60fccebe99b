//go:build !linux

package savedir

// renameNew gives a file another name that no other file has.
func (t *tree) renameNew(from, to string) error { return t.renameLinked(from, to) }
