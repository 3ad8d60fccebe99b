package savedir

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// foldName returns a text that two names share where some file system takes them for one: NTFS and FAT ignore case,
// APFS and ext4 with casefold normalization too, and the latter default-ignorable characters. It may be shared by more.
func foldName(name string) string {
	for i := range len(name) {
		if name[i] >= 0x80 {
			kept := strings.Map(dropIgnorable, norm.NFKD.String(name))
			return norm.NFKC.String(cases.Fold().String(kept))
		}
	}
	return strings.ToLower(name)
}

// dropIgnorable returns r, or -1 for a character that is default-ignorable (Unicode 17 section 5.21).
func dropIgnorable(r rune) rune {
	if unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point) {
		return -1
	}
	return r
}
