package cmd

import (
	"bytes"
	"errors"
	"io"
	"path/filepath"
	"strings"
)

// decompress returns the content of f by the extension of its name, .gz, .zst or any other, before the .part of an
// output under way; with another one by its first bytes, once it is read. An error means that it does not begin as its
// name says.
func decompress(f io.ReadCloser, name string) (io.ReadCloser, error) {
	switch ending := filepath.Ext(strings.TrimSuffix(name, partSuffix)); ending {
	case ".gz", ".zst":
		return decompressAs(f, ending)
	}
	return &packedInput{in: f}, nil
}

// partSuffix follows the name of an output that is under way, or was left by a run that did not end.
const partSuffix = ".part"

// A packedInput reads an input whose name says nothing of compression, as that of a pipe or of list.dat. One that
// begins as files of gzip or zstd do is decompressed.
type packedInput struct {
	in      io.ReadCloser
	content io.ReadCloser // nil before the first Read
	err     error         // of every Read
}

// Read is io.Reader's. The error is a *usageError where the input is packed in another way.
func (r *packedInput) Read(p []byte) (int, error) {
	if r.content == nil && r.err == nil {
		r.content, r.err = unpack(r.in)
	}
	if r.err != nil {
		return 0, r.err
	}
	return r.content.Read(p)
}

// Close closes the input.
func (r *packedInput) Close() error {
	if r.content == nil {
		return r.in.Close()
	}
	return r.content.Close()
}

// A packing is a way in which a file may be packed: what it begins with, which no list of requests does, and the ending
// for decompressAs, or else what it is and what to do about it.
type packing struct{ magic, ending, is, hint string }

var packings = []packing{
	{magic: "\x1f\x8b", ending: ".gz"},
	{magic: "\x28\xb5\x2f\xfd", ending: ".zst"},
	{magic: "\xfd7zXZ\x00", is: "it is compressed by xz", hint: "xz -dc FILE | batchfetch"},
	{magic: "BZh", is: "it is compressed by bzip2", hint: "bzip2 -dc FILE | batchfetch"},
	{magic: "PK\x03\x04", is: "it is a zip archive, as spreadsheets are",
		hint: "save a spreadsheet as CSV with a header that names url, for --input csv; unzip -p FILE | batchfetch"},
	{magic: "\xd0\xcf\x11\xe0", is: "it is a document of Office",
		hint: "save a spreadsheet as CSV with a header that names url, for --input csv"},
}

// packingOf returns the packing of an input that begins with start, nil for none, and whether more of it may show one.
func packingOf(start string) (found *packing, mayShow bool) {
	for i := range packings {
		if strings.HasPrefix(start, packings[i].magic) {
			return &packings[i], false
		}
		mayShow = mayShow || strings.HasPrefix(packings[i].magic, start)
	}
	return nil, mayShow
}

// unpack returns what in contains. It reads no byte more than shows the packing: others may be long in coming.
func unpack(in io.ReadCloser) (io.ReadCloser, error) {
	var start []byte
	found, mayShow := packingOf("")
	for mayShow {
		next := make([]byte, 1)
		if _, err := io.ReadFull(in, next); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		start = append(start, next...)
		found, mayShow = packingOf(string(start))
	}
	whole := layeredReader{io.MultiReader(bytes.NewReader(start), in), []io.Closer{in}}
	switch {
	case found == nil:
		return whole, nil
	case found.ending != "":
		return decompressAs(whole, found.ending)
	}
	return nil, &usageError{found.is, found.hint}
}
