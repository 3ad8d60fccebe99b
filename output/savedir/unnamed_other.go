//go:build !linux

package savedir

import (
	"errors"
	"os"
)

func (t *tree) createUnnamed(string) bodyFile { return nil }

func (t *tree) link(bodyFile, string) error { return errors.ErrUnsupported }

func (t *tree) linkIn(*os.File, bodyFile, string) error { return errors.ErrUnsupported }

func (t *tree) inFolder(string, func(*os.File) error) error { return errors.ErrUnsupported }

// renameNew gives a file another name that no other file has.
func (t *tree) renameNew(from, to string) error { return t.renameLinked(from, to) }
