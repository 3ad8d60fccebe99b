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

// maxMarkSize bounds a mark, in bytes. A part whose mark would be larger is not kept.
const maxMarkSize = 8 << 10

// markJSON is the JSON of a fetch.PartialInfo, beside the part that it is about.
type markJSON struct {
	IfRange  string `json:"if_range"`
	Modified string `json:"modified,omitempty"`
	Coding   string `json:"coding,omitempty"`
	Total    int64  `json:"total,omitempty"`
	At       string `json:"at"`
	// Boot is the ID of the boot during which the part was written; empty once the part has been synced. After another
	// boot the bytes of the part may be zeroes.
	Boot string `json:"boot,omitempty"`
}

// bootSynced is the Boot of a mark whose part has been synced.
const bootSynced = ""

// formatBoot returns the Boot of a mark.
func formatBoot(boot file.BootID) string { return hex.EncodeToString(boot[:]) }

// writeBootMark writes a mark that is good for this boot only, in place of any other. It writes none where the boot is
// not known.
func (t *tree) writeBootMark(name string, m fetch.PartialInfo, now file.BootID) error {
	if !now.IsKnown() {
		return t.removeIfThere(name)
	}
	return t.replaceMark(name, m, formatBoot(now))
}

// replaceMark writes a mark in place of one that may be there.
func (t *tree) replaceMark(name string, m fetch.PartialInfo, boot string) error {
	if err := t.removeIfThere(name); err != nil {
		return err
	}
	return t.writeMark(name, m, boot)
}

var errNoMark = errors.New("no mark of a part")

// writeMark writes a mark where there is none. One that a kill truncates is no JSON, and so no mark.
func (t *tree) writeMark(name string, m fetch.PartialInfo, boot string) error {
	text, err := json.Marshal(markJSON{m.Validator, m.LastModified, m.Coding, m.Total, m.URL, boot})
	if err != nil || len(text) > maxMarkSize {
		return errNoMark
	}
	f, err := t.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err != nil {
		return errors.Join(err, t.removeIfThere(name))
	}
	return nil
}

// readMark reads and checks a mark: whoever can write to the directory can have made it.
func (t *tree) readMark(name string) (fetch.PartialInfo, error) {
	info, err := t.root.Lstat(name)
	if err != nil {
		return fetch.PartialInfo{}, err
	}
	if !file.IsOwned(info) {
		return fetch.PartialInfo{}, errNotOurs
	}
	f, err := t.root.Open(name)
	if err != nil {
		return fetch.PartialInfo{}, err
	}
	defer func() { _ = f.Close() }() // only read
	if err := t.checkSameFile(f, name); err != nil {
		return fetch.PartialInfo{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxMarkSize))
	if err != nil {
		return fetch.PartialInfo{}, err
	}
	return parseMark(text, file.CurrentBoot())
}

// parseMark parses a mark: one JSON object and nothing after it. The error is errNoMark where it is bound to another
// boot than now.
func parseMark(text []byte, now file.BootID) (fetch.PartialInfo, error) {
	var m markJSON
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&m); err != nil {
		return fetch.PartialInfo{}, err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fetch.PartialInfo{}, errNoMark
	}
	if m.Boot != bootSynced && (!now.IsKnown() || m.Boot != formatBoot(now)) {
		return fetch.PartialInfo{}, errNoMark
	}
	return fetch.PartialInfo{
		Validator: m.IfRange, LastModified: m.Modified, Coding: m.Coding, Total: m.Total, URL: m.At,
	}, nil
}
