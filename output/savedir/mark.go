package savedir

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"

	"batchfetch/fetch"
	"batchfetch/output/file"
)

// maxMarkSize bounds the mark of a part, in bytes: what can't be marked within it is not continued.
const maxMarkSize = 8 << 10

// A markJSON is a fetch.Mark as it stands beside a part.
type markJSON struct {
	IfRange string `json:"if_range"`
	Total   int64  `json:"total,omitempty"`
	At      string `json:"at"`
	// Boot is that of the machine in which the bytes are what was written; empty once they are on the disk.
	// After a power cut any of the others may be zero.
	Boot string `json:"boot,omitempty"`
}

// bootSynced is that of a mark whose part is on the disk, whatever becomes of the machine.
const bootSynced = ""

// formatBoot returns how a mark names a boot that is known.
func formatBoot(boot file.BootID) string { return hex.EncodeToString(boot[:]) }

// writeBootMark marks a part whose bytes are good as long as this boot lasts. Where the boot is not known there is no mark until they are on the disk.
func (d *Dir) writeBootMark(name string, m fetch.Mark, now file.BootID) error {
	if !now.IsKnown() {
		return d.removeIfThere(name)
	}
	return d.replaceMark(name, m, formatBoot(now))
}

// replaceMark puts a mark in place of the one that may be there.
func (d *Dir) replaceMark(name string, m fetch.Mark, boot string) error {
	if err := d.removeIfThere(name); err != nil {
		return err
	}
	return d.writeMark(name, m, boot)
}

var errNoMark = errors.New("no mark of a part")

// writeMark writes a mark where none is. One that is cut off, when the process is killed, can't be read.
func (d *Dir) writeMark(name string, m fetch.Mark, boot string) error {
	text, err := json.Marshal(markJSON{m.Validator, m.Total, m.At, boot})
	if err != nil || len(text) > maxMarkSize {
		return errNoMark
	}
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, d.removeIfThere(name))
	}
	return nil
}

// readMark reads a mark that anybody may have written.
func (d *Dir) readMark(name string) (fetch.Mark, error) {
	info, err := d.root.Lstat(name)
	if err != nil {
		return fetch.Mark{}, err
	}
	if !file.IsOwned(info) {
		return fetch.Mark{}, errNotOurs
	}
	f, err := d.root.Open(name)
	if err != nil {
		return fetch.Mark{}, err
	}
	defer func() { _ = f.Close() }() // only read
	if err := d.checkSameFile(f, name); err != nil {
		return fetch.Mark{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxMarkSize))
	if err != nil {
		return fetch.Mark{}, err
	}
	return parseMark(text, file.CurrentBoot())
}

// parseMark reads one JSON object and nothing behind it. One that is bound to another boot than now is none.
func parseMark(text []byte, now file.BootID) (fetch.Mark, error) {
	var m markJSON
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return fetch.Mark{}, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fetch.Mark{}, errNoMark
	}
	if m.Boot != bootSynced && (!now.IsKnown() || m.Boot != formatBoot(now)) {
		return fetch.Mark{}, errNoMark
	}
	return fetch.Mark{Validator: m.IfRange, Total: m.Total, At: m.At}, nil
}
