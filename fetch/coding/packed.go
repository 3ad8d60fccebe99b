package coding

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
)

// packedTypes are the media types of files that are packed with gzip or zstd themselves, whatever their name.
var packedTypes = []string{
	"application/gzip", "application/x-gzip", "application/x-gunzip", "application/gzipped", "application/gzip-compressed",
	"application/x-gzip-compressed", "application/x-compressed", "application/x-compressed-tar",
	"application/x-gtar-compressed",
	"application/tgz", "application/x-tgz", "application/zstd", "application/x-zstd",
}

// bareTypes are the media types that say nothing of how a file is packed: its name does.
var bareTypes = []string{
	"", "application/octet-stream", "binary/octet-stream", "application/x-octet-stream", "application/download",
	"application/force-download", "application/x-tar", "application/tar", "application/x-gtar",
}

// A packing is a way to pack files that is a content coding too.
type packing struct {
	codings []string // its names in Content-Encoding
	endings []string // of file names
	magic   string   // with which packed data begins
}

// packings are all of them.
var packings = []packing{
	{codings: []string{"gzip", "x-gzip"}, endings: []string{".gz", ".tgz", ".taz"}, magic: gzipMagic},
	{codings: []string{"zstd"}, endings: []string{".zst", ".tzst"}, magic: zstdMagic},
}

// packingOf returns the packing whose coding is the only one of a response; nil is none.
func packingOf(h http.Header) *packing {
	codings, _ := Of(h, nil)
	for i := range packings {
		if len(codings) == 1 && slices.Contains(packings[i].codings, codings[0]) {
			return &packings[i]
		}
	}
	return nil
}

// IsPackedFile reports whether a response is about a packed file, such as x.tar.gz, whose packing its server declares
// as a content coding. Then what it says may be the file itself, which browsers and wget save as it comes. names are
// what the file is called, such as the path of its URL.
func IsPackedFile(h http.Header, names ...string) bool {
	p := packingOf(h)
	if p == nil {
		return false
	}
	media, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if slices.Contains(packedTypes, media) {
		return true
	}
	return slices.Contains(bareTypes, media) && slices.ContainsFunc(names, p.isNamed)
}

// isNamed reports whether a name has one of the endings.
func (p *packing) isNamed(name string) bool {
	name = strings.ToLower(name)
	return slices.ContainsFunc(p.endings, func(ending string) bool { return strings.HasSuffix(name, ending) })
}

// PackedPeek is how many bytes of a body IsPackedTwice needs.
const PackedPeek = 512

// IsPackedTwice reports whether the body of a packed file, given its first PackedPeek bytes, is packed once more: its
// server compresses whatever it sends, and the file is what remains once the coding is taken off.
func IsPackedTwice(start []byte, h http.Header, windows Windows) bool {
	p := packingOf(h)
	if p == nil {
		return false
	}
	known, _ := Of(h, nil)
	d, err := NewReader(known, bytes.NewReader(start), nil, windows)
	if err != nil {
		return false
	}
	defer d.Close()
	inner := make([]byte, len(p.magic))
	_, err = io.ReadFull(d, inner)
	return err == nil && string(inner) == p.magic
}
