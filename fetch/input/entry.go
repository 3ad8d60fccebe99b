package input

import (
	"encoding/json"
	"errors"
	"strings"

	"batchfetch/fetch"
)

// The fields of an entry of a queue that are read as such.
const (
	FieldRequest = "request" // a line as of an input: JSON or a URL
	FieldURL     = "url"     // beside it id is the id, and others are members of meta, as in a table
)

// errNoRequestField is that of an entry without those fields.
var errNoRequestField = errors.New("the entry has neither a field request nor a field url")

// Entry returns the Request of an entry of a queue: its field request, or url, id and others; fields are names and
// values in turn. tooLong says that it is too long, and that fields is empty. What is wrong with it is a LineError.
func (rd *Reader) Entry(fields []string, tooLong bool) (fetch.Request, error) {
	if tooLong {
		return rd.parseLine(nil, false, &textError{err: errors.New("the entry is longer than 4 MiB, the most for a request")})
	}
	text, err := entryText(fields)
	if err != nil {
		return rd.parseLine(nil, false, &textError{[]byte(strings.Join(fields, " ")), err})
	}
	request, err := rd.parseLine(text, false, nil)
	if errors.Is(err, errNoRequest) {
		return rd.parseLine(nil, false, &textError{text, errors.New("the entry is a line of output that asks for nothing")})
	}
	return request, err
}

// entryText returns the text of the line that an entry stands for.
func entryText(fields []string) ([]byte, error) {
	line := map[string]any{}
	meta := map[string]string{}
	for i := 0; i+1 < len(fields); i += 2 {
		name, value := fields[i], fields[i+1]
		_, twice := line[name]
		_, also := meta[name]
		if twice || also {
			return nil, errors.New("the entry has a field twice")
		}
		switch name {
		case FieldRequest, FieldURL, "id":
			line[name] = strings.TrimSpace(value)
		default:
			meta[name] = value
		}
	}
	request, isWhole := line[FieldRequest].(string)
	url, isURL := line[FieldURL].(string)
	switch {
	case isWhole && isURL:
		return nil, errors.New("the entry has both a field request and a field url")
	case isWhole && request == "", isURL && url == "":
		return nil, fetch.ErrNoURL
	case isWhole:
		return []byte(request), nil
	case !isURL:
		return nil, errNoRequestField
	case len(line) == 1 && len(meta) == 0:
		return []byte(url), nil
	}
	if line["id"] == "" {
		delete(line, "id")
	}
	if len(meta) > 0 {
		line["meta"] = meta
	}
	return json.Marshal(line) // of strings
}
