package savedir

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSegment bounds a name between two slashes, in bytes; file systems take 255.
const maxSegment = 200

// sanitizeSegment makes a name between two slashes, valid on every file system, of any text.
func sanitizeSegment(text string) string {
	safe := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) || unicode.Is(unicode.Cf, r) ||
			strings.ContainsRune(`/\:*?"<>|`, r) {
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
	if len(safe) > maxSegment {
		sum := sha256.Sum256([]byte(text))
		ext := path.Ext(safe)
		if len(ext) > 10 {
			ext = ""
		}
		safe = truncate(safe, maxSegment-20-len(ext)) + "~" + hex.EncodeToString(sum[:8]) + ext
	}
	return safe
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

// isDevice reports whether Windows reserves the name for a device, with any extension.
func isDevice(segment string) bool {
	stem, _, _ := strings.Cut(strings.ToUpper(segment), ".")
	switch strings.TrimRight(stem, " ") {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
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
// absolute, with .. or ., hidden, a device, with a backslash, a colon or a control character, too long or too deep.
func checkName(name string) error {
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
		}
	}
	return nil
}
