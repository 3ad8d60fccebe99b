package coding

// DCZ is the content coding of a body that is compressed with zstd and a dictionary (RFC 9842 section 5).
const DCZ = "dcz"

// A Dictionary is bytes that both sides have, which a dcz body refers to. It is not written to.
type Dictionary struct {
	// SHA256 is the hash of Content, with which a body says that it was coded with this dictionary.
	SHA256 [32]byte
	// Content is the bytes themselves: those of a body without its content codings.
	Content []byte
}

// maxDictionaryWindow is the largest window of a dcz body, in bytes.
const maxDictionaryWindow = 128 << 20

// window returns the largest window, in bytes, that a body may have which is coded with d: 8 MB, or 1.25 times the size
// of the dictionary where that is more (RFC 9842 section 5). Windows are mostly powers of two, so the next one is
// allowed.
func (d *Dictionary) window() int64 {
	window, least := int64(maxZstdWindow), int64(len(d.Content))/4*5
	for window < least {
		window *= 2
	}
	return min(window, maxDictionaryWindow)
}
