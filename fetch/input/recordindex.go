package input

import (
	"bytes"
	"encoding/json"
	"strconv"
)

// recordIndex returns the index that a line of our own output has, so that the Record of its request, made again, has
// the same, and outputs that are appended to each other can be sorted by it; false where the line is no Record.
func recordIndex(line []byte) (int64, bool) {
	if line[0] != '{' || !bytes.Contains(line, []byte(`"index"`)) || !json.Valid(line) {
		return 0, false
	}
	isRecord, index, err := false, int64(0), strconv.ErrSyntax
	for m := (members{rest: line}); m.next(); {
		switch string(memberName(m.name)) {
		case "type":
			isRecord = string(m.value) == `"failure"` || string(m.value) == `"success"`
		case "index":
			index, err = strconv.ParseInt(string(m.value), 10, 64)
		}
	}
	return index, isRecord && err == nil && index >= 0
}
