package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path"
	"sort"
	"strings"
	"syscall"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxSegment bounds a name between two slashes, in bytes; file systems take 255.
const maxSegment = 200

// leastSegment is a limit with which names can still be made: temporary files have 52.
const leastSegment = 64

// longestName returns how long a name may be in a directory, in bytes, maxSegment at most. File systems that encrypt
// names take less than others: EncFS 1.9.5 takes 175.
func longestName(root *os.Root) int {
	return longestWhere(func(length int) bool {
		_, err := root.Lstat(strings.Repeat("x", length))
		return errors.Is(err, syscall.ENAMETOOLONG)
	})
}

// longestWhere is longestName where isTooLong says which lengths are.
func longestWhere(isTooLong func(length int) bool) int {
	if !isTooLong(maxSegment) {
		return maxSegment
	}
	return max(sort.Search(maxSegment, isTooLong)-1, leastSegment)
}

// sanitizeSegment makes a name between two slashes, valid on every file system, of any text. Where that is too long a
// hash of it takes the place of its end.
func sanitizeSegment(text string) string {
	safe := replaceUnsafe(text)
	if len(safe) > maxSegment {
		return withHash(safe, hashOf(text), maxSegment)
	}
	return safe
}

// hashOf returns the hash that tells a name too long from others of the same start.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:8])
}

// replaceUnsafe is sanitizeSegment without a bound on the length.
func replaceUnsafe(text string) string {
	if isUsual(text) {
		return text
	}
	if host, port, found := strings.Cut(text, ":"); found && isUsual(host) && isUsual(port) {
		return host + "_" + port
	}
	return replaceInUnusual(text)
}

// replaceInUnusual is replaceUnsafe of any text.
func replaceInUnusual(text string) string {
	safe := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || r >= utf8.RuneSelf && unicode.Is(unicode.Cf, r) ||
			strings.ContainsRune(unsafe, r) {
			return '_'
		}
		return r
	}, text)
	if strings.HasPrefix(safe, ".") {
		safe = "_" + safe[1:]
	}
	if trimmed := strings.TrimRight(safe, ". "); trimmed != safe {
		safe = trimmed + "_"
	}
	if safe == "" {
		return "_"
	}
	if isDevice(safe) {
		safe = "_" + safe
	}
	return safe
}

// unsafe are the characters beyond controls that some file system does not take in a name.
const unsafe = `/\:*?"<>|`

// isUsual reports whether a name between two slashes has nothing that replaceUnsafe may replace: it has letters and
// digits of ASCII, - and _, dots only within, and is no device.
func isUsual(text string) bool {
	if text == "" || text[0] == '.' || text[len(text)-1] == '.' {
		return false
	}
	for i := range len(text) {
		switch c := text[i]; {
		case '0' <= c && c <= '9', 'a' <= c|0x20 && c|0x20 <= 'z', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return !isDeviceStart[text[0]|0x20] || !isDevice(text)
}

// isDeviceStart are the first letters of devices (see isDevice).
var isDeviceStart = [256]bool{'a': true, 'c': true, 'l': true, 'n': true, 'p': true}

// withHash returns a name between two slashes with ~ and a hash before its ending, at most
// limit bytes long.
func withHash(segment, hash string, limit int) string {
	ext := path.Ext(segment)
	if len(ext) > 10 || ext == segment {
		ext = ""
	}
	stem := strings.TrimSuffix(segment, ext)
	return truncate(stem, limit-len(hash)-len(ext)-1) + "~" + hash + ext
}

// truncate returns the start of text, at most limit bytes and no partial character.
func truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	for limit > 0 && !utf8.RuneStart(text[limit]) {
		limit--
	}
	return text[:limit]
}

// isDevice reports whether Windows reserves the name for a device, with any extension. COM¹ is one, as Windows reads
// superscript digits too; what is one after normalization counts like it.
func isDevice(segment string) bool {
	stem, _, _ := strings.Cut(segment, ".")
	stem = strings.TrimRight(strings.ToUpper(norm.NFKC.String(stem)), " ")
	switch stem {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$", "CLOCK$":
		return true
	}
	return len(stem) == 4 && (strings.HasPrefix(stem, "COM") || strings.HasPrefix(stem, "LPT")) && stem[3] >= '0' &&
		stem[3] <= '9'
}

// maxName, in bytes, and maxFolders bound a whole name.
const (
	maxName    = 1024
	maxFolders = 32
)

// checkName returns an error for a name that could leave its directory or that some file system does not take:
// absolute, with .. or ., hidden, a device, with a backslash, a colon or a control character, too long or too deep, or
// with a part over the limit, in bytes.
func checkName(name string, limit int) error {
	if name == "" || len(name) > maxName || strings.Count(name, "/") > maxFolders {
		return fmt.Errorf("a file name has 1 to %d bytes and at most %d folders", maxName, maxFolders)
	}
	for segment := range strings.SplitSeq(name, "/") {
		switch {
		case segment == "" || segment == "." || segment == "..":
			return errors.New("the file name is absolute, ends in a slash, or holds two in a row, " +
				"or a dot or two between them")
		case segment != sanitizeSegment(segment):
			return errors.New("the file name holds a part that is hidden, over-long, a device, " +
				"or has a character that not every file system takes")
		case len(segment) > limit:
			return fmt.Errorf("the file name holds a part of %d bytes; the file system takes %d", len(segment), limit)
		}
	}
	return nil
}
