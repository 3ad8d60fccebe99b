package merge

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// A key is the place of a Record in the order of the input.
type key struct {
	entry entry // of the queue that its Request came by; then index, by which each run counts for itself, is 0
	index int64 // of its Request, from 0
	page  int64 // from 1; 0 where pages were not followed
	kind  kind
}

// An entry is the id of an entry of a Redis stream: a time and a number, of 64 bits each. The zero entry, which no
// stream has, is none.
type entry struct{ ms, seq uint64 }

func (e entry) compare(of entry) int {
	return cmp.Or(cmp.Compare(e.ms, of.ms), cmp.Compare(e.seq, of.seq))
}

// parseEntry parses an id; the zero entry is that of a text which is none.
func parseEntry(text string) entry {
	first, second, found := strings.Cut(text, "-")
	ms, wrongFirst := strconv.ParseUint(first, 10, 64)
	seq, wrongSecond := strconv.ParseUint(second, 10, 64)
	if !found || wrongFirst != nil || wrongSecond != nil {
		return entry{}
	}
	return entry{ms, seq}
}

// A kind orders Records of one place: a failure gives way to the success of a later run.
type kind int64

const (
	success kind = iota
	failure
	other // a summary or a message: it has no place
)

// compare orders keys by entry, those without one first, index, page and kind.
func (k key) compare(of key) int {
	return cmp.Or(k.entry.compare(of.entry), cmp.Compare(k.index, of.index), cmp.Compare(k.page, of.page),
		cmp.Compare(k.kind, of.kind))
}

// sameRequest reports whether two keys are of Records of the same Request.
func (k key) sameRequest(of key) bool { return k.entry == of.entry && k.index == of.index }

// samePlace reports whether two keys are of the same Record.
func (k key) samePlace(of key) bool { return k.sameRequest(of) && k.page == of.page }

var errNoRecord = errors.New("no Record of batchfetch: a JSON object with type and index")

// parseKey returns the key of a line. Where type and index come first, as we write them, it reads no more unless an
// entry or a page may follow; start may be the beginning of a longer line.
func parseKey(start []byte) (k key, err error) {
	k, usual := parseUsual(start)
	if !usual {
		k, err = parseMembers(start)
	}
	if k.entry != (entry{}) {
		k.index = 0
	}
	return k, err
}

// parseMembers is parseKey for members in any order.
func parseMembers(start []byte) (k key, err error) {
	in := json.NewDecoder(bytes.NewReader(start))
	if opening, err := in.Token(); err != nil || opening != json.Delim('{') {
		return k, errNoRecord
	}
	k = key{index: -1, kind: -1}
	mayHavePage, mayHaveEntry := bytes.Contains(start, []byte(`"page"`)), bytes.Contains(start, []byte(`"entry"`))
	for in.More() {
		if k.isWhole() && !mayHavePage && !mayHaveEntry {
			return k, nil
		}
		name, err := in.Token()
		if err != nil {
			return k, errNoRecord
		}
		switch name {
		case "type":
			k.kind, err = decodeKind(in)
		case "index":
			err = in.Decode(&k.index)
		case "page":
			err = in.Decode(&k.page)
			mayHavePage = false
		case "entry":
			var id string
			err = in.Decode(&id)
			k.entry, mayHaveEntry = parseEntry(id), false
		default:
			err = in.Decode(new(json.RawMessage))
		}
		if err != nil {
			return k, errNoRecord
		}
		if k.kind == other {
			return k, nil
		}
	}
	if !k.isWhole() {
		return k, errNoRecord
	}
	return k, nil
}

// parseUsual is parseMembers for a Record without an entry and a page, as we write it; false is any other line. It
// takes a tenth of the time.
func parseUsual(start []byte) (k key, usual bool) {
	rest, isSuccess := bytes.CutPrefix(start, []byte(`{"type":"success","index":`))
	if !isSuccess {
		if rest, usual = bytes.CutPrefix(start, []byte(`{"type":"failure","index":`)); !usual {
			return k, false
		}
		k.kind = failure
	}
	digits := 0
	for ; digits < len(rest) && digits < 19 && rest[digits] >= '0' && rest[digits] <= '9'; digits++ {
		k.index = 10*k.index + int64(rest[digits]-'0')
	}
	isNumber := digits > 0 && digits < 19 && (digits == 1 || rest[0] != '0')
	return k, isNumber && bytes.HasPrefix(rest[digits:], []byte(`,"`)) && !bytes.Contains(rest, []byte(`"page"`)) &&
		!bytes.Contains(rest, []byte(`"entry"`))
}

func (k key) isWhole() bool { return k.kind >= 0 && k.index >= 0 && k.page >= 0 }

// decodeKind decodes the value of type.
func decodeKind(in *json.Decoder) (kind, error) {
	var name string
	if err := in.Decode(&name); err != nil {
		return 0, err
	}
	switch name {
	case "success":
		return success, nil
	case "failure":
		return failure, nil
	case "summary", "log", "plan":
		return other, nil
	}
	return 0, errNoRecord
}
