package fetch

import "bytes"

// DeepestJSON is how far a value from outside may nest where it stands in a Record:
// encoding/json and jq 1.7 read 10000 levels, the Record's own among them.
const DeepestJSON = 9990

// NestsDeeper reports whether the brackets of a JSON text nest deeper than that. Those in strings count too,
// which errs on the safe side.
func NestsDeeper(text []byte, than int) bool {
	if bytes.Count(text, []byte("["))+bytes.Count(text, []byte("{")) <= than {
		return false
	}
	level := 0
	for _, c := range text {
		switch c {
		case '[', '{':
			if level++; level > than {
				return true
			}
		case ']', '}':
			level--
		}
	}
	return false
}
