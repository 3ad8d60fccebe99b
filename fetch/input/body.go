package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"batchfetch/fetch"
)

// parseBody returns the Request to url with a line as its body, as the line stands: JSON where it starts with a brace
// or a bracket, else a text, or bytes where it is no UTF-8. The form of the body says which Content-Type that means.
func parseBody(url string, text []byte, tooLong bool) (fetch.Request, error) {
	if tooLong || len(text) > maxJSONLine {
		return fetch.Request{}, errors.New("the line is longer than 4 MiB, the most for a body")
	}
	r := fetch.Request{URL: url, Body: bytes.Clone(text), BodyForm: fetch.BodyText}
	switch {
	case text[0] == '{' || text[0] == '[':
		r.BodyForm = fetch.BodyJSON
		if !json.Valid(text) {
			return r, describeJSONError(json.Unmarshal(text, new(json.RawMessage)))
		}
		if NestsDeeper(text, MaxJSONDepth) {
			return r, fmt.Errorf("the JSON nests deeper than %d levels", MaxJSONDepth)
		}
	case !utf8.Valid(text):
		r.BodyForm = fetch.BodyBase64
	}
	return fetch.Prepare(r)
}
