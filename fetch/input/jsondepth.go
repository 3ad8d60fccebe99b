package input

import "bytes"

// MaxJSONDepth is how many levels a JSON value of the input may nest, as it stands in a Record: encoding/json and jq
// 1.7 read 10000 levels, the Record's own among them.
const MaxJSONDepth = 9990

// NestsDeeper reports whether the brackets and braces of a JSON text nest deeper than so many levels. Those in strings
// count too: a text may be refused that is not too deep, none is passed that is.
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
