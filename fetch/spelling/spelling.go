// Package spelling finds the word of a list that a misspelt word was meant as: a flag, a member, a field of a template.
package spelling

import (
	"strings"

	"github.com/agnivade/levenshtein"
)

// maxWord is the longest word, in bytes, that is looked at: comparing costs the product of both lengths.
const maxWord = 64

// Nearest returns the candidate that differs from word in the fewest letters (Levenshtein distance), the first of
// several, or of which word is the beginning of at least three letters. Case and whether words are joined by - or _
// make no difference. It returns "" where none is near: more than a third of the letters differ, or word is longer than
// 64 bytes.
func Nearest(word string, candidates []string) string {
	word = fold(word)
	if len(word) > maxWord {
		return ""
	}
	nearest, least := "", len(word)/3+1
	for _, candidate := range candidates {
		if distance := levenshtein.ComputeDistance(word, fold(candidate)); distance < least {
			nearest, least = candidate, distance
		}
	}
	for _, candidate := range candidates {
		if nearest == "" && len(word) >= 3 && strings.HasPrefix(fold(candidate), word) {
			nearest = candidate
		}
	}
	return nearest
}

func fold(word string) string { return strings.ReplaceAll(strings.ToLower(word), "_", "-") }
