package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"

	"batchfetch/fetch"
	"batchfetch/fetch/failure"
	"batchfetch/fetch/redact"
	"batchfetch/fetch/spelling"
)

// memberNames are the names of the members of a JSON object that are read, with a bit for each.
type memberNames map[string]uint32

var (
	lineNames    = sync.OnceValue(func() memberNames { return namesOf(reflect.TypeFor[jsonLine]()) })
	requestNames = sync.OnceValue(func() memberNames { return namesOf(reflect.TypeFor[jsonRequest]()) })
)

// namesOf returns the memberNames of a struct that encoding/json fills.
func namesOf(t reflect.Type) memberNames {
	names := make(memberNames)
	for i, field := range reflect.VisibleFields(t) {
		if name := field.Tag.Get("json"); name != "" {
			names[name] = 1 << i
		}
	}
	return names
}

// checkMembers returns an error where text, from which the line was parsed, or the request in it says one thing twice,
// or has a member that is none. Lines of our own output have more members than are read.
func (line *jsonLine) checkMembers(text []byte) error {
	isOurs := false
	switch line.Type {
	case "success", "failure", "summary", "log", "plan":
		isOurs = true
	}
	err := lineNames().check(text, isOurs)
	var unknown *unknownMember
	if errors.As(err, &unknown) && line.URL == "" && unknown.near != "url" {
		return urlElsewhere(text) // that it has no URL says more: it may be no request at all
	}
	if err != nil || line.Request == nil {
		return err
	}
	for m := (members{rest: text}); m.next(); {
		if string(memberName(m.name)) == "request" {
			return requestNames().check(m.value, false)
		}
	}
	return nil
}

// urlElsewhere returns the error of an object without a url of which another member has a URL; nil where none has.
func urlElsewhere(object []byte) error {
	for m := (members{rest: object}); m.next(); {
		if value := bytes.ToLower(m.value[:min(len(m.value), 9)]); bytes.HasPrefix(value, []byte(`"http://`)) ||
			bytes.HasPrefix(value, []byte(`"https://`)) {
			name := failure.Clip(redact.URLs(string(memberName(m.name))), maxName)
			return fmt.Errorf("%w, and the member %q has one: jq -c '{url: .[%q], meta: .}'", fetch.ErrNoURL, name, name)
		}
	}
	return nil
}

// check returns an error where an object has a member of names twice, or in other letters, such as URL for url:
// encoding/json takes the last of them whatever its case, another reader of the line takes another one (RFC 8259
// section 4), and both must have read the same. A member that is none of names is an error too, unless hasOthers says
// that the object may have such. object is valid JSON.
func (names memberNames) check(object []byte, hasOthers bool) error {
	var seen uint32
	for m := (members{rest: object}); m.next(); {
		name := memberName(m.name)
		bit, known := names[string(name)]
		switch {
		case !known:
			if exact := names.fold(name); exact != "" {
				return fmt.Errorf("the member %q has to be written %q", name, exact)
			}
			if !hasOthers {
				return names.unknown(name)
			}
		case seen&bit != 0:
			return fmt.Errorf("the member %q is given twice", name)
		}
		seen |= bit
	}
	return nil
}

// An unknownMember is the error of a member that is none of the memberNames; near is the one of them that may be meant,
// or empty.
type unknownMember struct{ name, near string }

// maxName bounds a name that an error repeats, in bytes.
const maxName = 64

func (e *unknownMember) Error() string {
	name := failure.Clip(redact.URLs(e.name), maxName)
	if e.near != "" {
		return fmt.Sprintf("there is no member %q: did you mean %q? Other data belongs in \"meta\"", name, e.near)
	}
	return fmt.Sprintf("there is no member %q: data that is not about the request belongs in \"meta\"", name)
}

// unknown returns the error of a member that is none of names.
func (names memberNames) unknown(name []byte) error {
	return &unknownMember{string(name), spelling.Nearest(string(name), slices.Sorted(maps.Keys(names)))}
}

// fold returns the one of names that encoding/json takes name for, which is none of them; "" is none.
func (names memberNames) fold(name []byte) string {
	if !bytes.ContainsFunc(name, func(r rune) bool { return r < 'a' && r != '_' || r > 'z' }) {
		return "" // fast: any other spelling of a name has such a character
	}
	for exact := range names {
		if strings.EqualFold(string(name), exact) {
			return exact
		}
	}
	return ""
}

// memberName returns a name without its quotation marks and escapes.
func memberName(quoted []byte) []byte {
	if bytes.IndexByte(quoted, '\\') < 0 {
		return quoted[1 : len(quoted)-1]
	}
	var name string
	_ = json.Unmarshal(quoted, &name) // it is valid
	return []byte(name)
}

// members are the members of an object, one after the other. The zero value with all of a valid JSON object in rest is
// before the first.
type members struct {
	name, value []byte // of the current one, as they are written
	rest        []byte // from the brace or the comma before the next one
}

// next goes to the next member, and reports whether there is one.
func (m *members) next() bool {
	if m.rest[0] == '}' {
		return false
	}
	m.name, m.rest = cutValue(m.rest[1:])
	if len(m.name) == 0 { // the object is empty
		return false
	}
	m.value, m.rest = cutValue(trimSpace(m.rest)[1:]) // behind the colon
	m.rest = trimSpace(m.rest)
	return true
}

// cutValue returns the first value of text, and what follows it; an empty value where the object ends.
func cutValue(text []byte) (value, rest []byte) {
	text = trimSpace(text)
	size := lenValue(text)
	return text[:size], text[size:]
}

// trimSpace returns text without white space in front (RFC 8259 section 2).
func trimSpace(text []byte) []byte {
	for len(text) > 0 && (text[0] == ' ' || text[0] == '\t' || text[0] == '\n' || text[0] == '\r') {
		text = text[1:]
	}
	return text
}

// lenValue returns the length of the value at the start of text.
func lenValue(text []byte) int {
	for i, depth := 0, 0; ; {
		switch text[i] {
		case '"':
			i += lenString(text[i:])
		case '{', '[':
			depth++
			i++
			continue
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
			i++
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
			i++
			continue
		default:
			i++
			continue
		}
		if depth == 0 {
			return i
		}
	}
}

// lenString returns the length of the string at the start of text, with its quotation marks.
func lenString(text []byte) int {
	for end := 1; ; end++ {
		end += bytes.IndexByte(text[end:], '"')
		backslashes := 0
		for text[end-1-backslashes] == '\\' {
			backslashes++
		}
		if backslashes%2 == 0 {
			return end + 1
		}
	}
}
