package merge

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
)

// A key is the place of a Record in the order of the input.
type key struct {
	index int64 // of its Request, from 0
	page  int64 // from 1; 0 where pages were not followed
	kind  kind
}

// A kind orders Records of one place: a failure gives way to the success of a later run.
type kind int64

const (
	success kind = iota
	failure
	other // a summary or a message: it has no place
)

// compare orders keys by index, page and kind.
func (k key) compare(of key) int {
	return cmp.Or(cmp.Compare(k.index, of.index), cmp.Compare(k.page, of.page), cmp.Compare(k.kind, of.kind))
}

// samePlace reports whether two keys are of the same Record.
func (k key) samePlace(of key) bool { return k.index == of.index && k.page == of.page }

var errNoRecord = errors.New("no Record of batchfetch: a JSON object with type and index")

// parseKey returns the key of a line. Where type and index come first, as we write them, it reads no more unless a page
// may follow; start may be the beginning of a longer line.
func parseKey(start []byte) (k key, err error) {
	if k, usual := parseUsual(start); usual {
		return k, nil
	}
	return parseMembers(start)
}

// parseMembers is parseKey for members in any order.
func parseMembers(start []byte) (k key, err error) {
	in := json.NewDecoder(bytes.NewReader(start))
	if opening, err := in.Token(); err != nil || opening != json.Delim('{') {
		return k, errNoRecord
	}
	k = key{index: -1, kind: -1}
	mayHavePage := bytes.Contains(start, []byte(`"page"`))
	for in.More() {
		if k.isWhole() && !mayHavePage {
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

// parseUsual is parseKey for a Record without a page, as we write it; false is any other line. It takes a tenth of the
// time.
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
	return k, isNumber && bytes.HasPrefix(rest[digits:], []byte(`,"`)) && !bytes.Contains(rest, []byte(`"page"`))
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
