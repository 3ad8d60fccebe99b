package paging

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// withValue returns the JSON text of a request's body in which the value that p leads to is another one. Objects on the
// way that are not there, or null, are made; elements of an array have to be there. The order of members stays. The
// error is a *BodyError.
func (p Pointer) withValue(body []byte, value json.RawMessage) ([]byte, error) {
	if !json.Valid(body) {
		return nil, &BodyError{fmt.Sprintf("the body of the request is no JSON, in which %s could be set", p)}
	}
	set, ok := setValue(body, p, value)
	if !ok {
		return nil, &BodyError{fmt.Sprintf("the body of the request has no place for %s", p)}
	}
	return set, nil
}

// value returns the text of the value that p leads to in a request's body; empty where there is none.
func (p Pointer) value(body []byte) string {
	s := newScanner(bytes.NewReader(body))
	if found, err := p.enter(&s); err != nil || !found {
		return ""
	}
	text, err := s.readRaw()
	if err != nil {
		return ""
	}
	return string(text)
}

// setValue is withValue for valid JSON. It reports false where a token leads into what has no members, or no such
// element.
func setValue(body []byte, tokens Pointer, value json.RawMessage) ([]byte, bool) {
	body = bytes.TrimSpace(body)
	if len(tokens) == 0 {
		return value, true
	}
	if len(body) == 0 || string(body) == "null" {
		body = []byte("{}")
	}
	if body[0] != '{' && body[0] != '[' {
		return nil, false
	}
	isObject, isSet := body[0] == '{', false
	d := json.NewDecoder(bytes.NewReader(body))
	_, _ = d.Token() // the bracket, which is there
	out := body[:1:1]
	for n := 0; d.More(); n++ {
		name := strconv.Itoa(n)
		if isObject {
			token, _ := d.Token() // a string: the JSON is valid
			name, _ = token.(string)
		}
		var member json.RawMessage
		_ = d.Decode(&member) // the JSON is valid
		if name == tokens[0] && !isSet {
			var ok bool
			if member, ok = setValue(member, tokens[1:], value); !ok {
				return nil, false
			}
			isSet = true
		}
		out = appendMember(out, isObject, name, member)
	}
	if !isSet {
		member, ok := setValue(nil, tokens[1:], value)
		if !isObject || !ok {
			return nil, false
		}
		out = appendMember(out, true, tokens[0], member)
	}
	return append(out, body[0]+2), true // } and ] are two behind { and [
}

// appendMember appends a member of an object, or an element of an array, to one that is open.
func appendMember(out []byte, isObject bool, name string, value json.RawMessage) []byte {
	if len(out) > 1 {
		out = append(out, ',')
	}
	if isObject {
		quoted, _ := json.Marshal(name) // a string always can be
		out = append(append(out, quoted...), ':')
	}
	return append(out, value...)
}
