package input

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// recordPlace returns the index that a line of our own output has, and the id of the entry of a queue that it is about,
// so that the Record of its request, made again, has the same, and outputs that are appended to each other can be
// sorted and joined by them; false where the line is no Record.
func recordPlace(line []byte) (index int64, entry string, known bool) {
	if line[0] != '{' || !bytes.Contains(line, []byte(`"index"`)) || !json.Valid(line) {
		return 0, "", false
	}
	isRecord, err := false, strconv.ErrSyntax
	for m := (members{rest: line}); m.next(); {
		switch string(memberName(m.name)) {
		case "type":
			isRecord = string(m.value) == `"failure"` || string(m.value) == `"success"`
		case "index":
			index, err = strconv.ParseInt(string(m.value), 10, 64)
		case "entry":
			entry = strings.Trim(string(m.value), `"`)
		}
	}
	if !isEntryID(entry) {
		entry = ""
	}
	return index, entry, isRecord && err == nil && index >= 0
}

// isEntryID reports whether a text is the id of an entry of a Redis stream.
func isEntryID(text string) bool {
	first, second, found := strings.Cut(text, "-")
	_, wrongFirst := strconv.ParseUint(first, 10, 64)
	_, wrongSecond := strconv.ParseUint(second, 10, 64)
	return found && wrongFirst == nil && wrongSecond == nil
}
