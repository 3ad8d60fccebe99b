package input

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"batchfetch/fetch"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/redact"
)

// parseRequest parses one line, which must not be empty: JSON where it starts with a brace, else a URL. tooLong says
// that text is only the start of the line. With an error the Request still has what could be parsed of URL, ID and
// Meta.
func parseRequest(text []byte, tooLong bool) (fetch.Request, error) {
	if text[0] == '"' && !tooLong {
		if unquoted, err := unquote(text); err == nil {
			text = unquoted
		}
	}
	if text[0] == '{' {
		if tooLong || len(text) > maxJSONLine {
			return fetch.Request{}, errors.New("the line is longer than 4 MiB, the most for JSON")
		}
		return parseJSON(text)
	}
	if tooLong || len(text) > maxURLLine {
		return fetch.Request{}, errors.New("the line is longer than 1 MiB, the most for a URL; a JSON line may have 4 MiB")
	}
	if isTableHeader(text) {
		return fetch.Request{}, fetch.ErrTable
	}
	r, err := fetch.Prepare(fetch.Request{URL: string(text)})
	if errors.Is(err, httpurl.ErrNoScheme) {
		err = foreignError(text, err)
	}
	return r, err
}

// unquote returns the value of a JSON string, as jq writes a URL without -r.
func unquote(text []byte) ([]byte, error) {
	var value string
	if err := json.Unmarshal(text, &value); err != nil {
		return nil, err
	}
	if value = strings.TrimSpace(value); value == "" || value[0] == '{' {
		return nil, errors.New("a string that is no URL")
	}
	return []byte(value), nil
}

// errNoRequest is the error of a line of our own output that belongs to no request: a summary, a log line or a plan.
// The line is no Request and has no index.
var errNoRequest = errors.New("nothing asked")

// parseJSON parses a JSON line. Of a Record only url, id, meta, page and request are used; its other members describe
// the response.
func parseJSON(text []byte) (fetch.Request, error) {
	var line jsonLine
	if err := json.Unmarshal(text, &line); err != nil { // members before and after one of the wrong type are set
		r := fetch.Request{URL: line.URL, ID: scalarOrNil(line.ID), Meta: normalizeValue(line.Meta)}
		return r, foreignError(text, describeJSONError(err))
	}
	if NestsDeeper(text, MaxJSONDepth) {
		return fetch.Request{}, fmt.Errorf("the JSON nests deeper than %d levels", MaxJSONDepth)
	}
	if err := line.checkMembers(text); err != nil {
		return fetch.Request{URL: line.URL, ID: scalarOrNil(line.ID), Meta: normalizeValue(line.Meta)}, err
	}
	fields := line.jsonRequest
	if fields.URL == "" && (line.Type == "summary" || line.Type == "log" || line.Type == "plan") {
		return fetch.Request{}, errNoRequest
	}
	if line.Type == "failure" || line.Type == "success" {
		var err error
		if fields, err = line.requestOfRecord(text); err != nil {
			return fetch.Request{ID: normalizeValue(line.ID), Meta: normalizeValue(line.Meta)}, err
		}
	}
	r, err := fields.toRequest()
	r.ID, r.Meta = normalizeValue(line.ID), normalizeValue(line.Meta)
	if err != nil {
		return r, err
	}
	if line.Page != nil {
		if r.Page = *line.Page; r.Page < 1 {
			return r, errors.New("page is no number from 1 on")
		}
	}
	if r.ID != nil && scalarOrNil(r.ID) == nil {
		r.ID = nil
		return r, errors.New("id is neither a string, a number nor a boolean")
	}
	return fetch.Prepare(r)
}

// requestOfRecord returns the request that a Record, which text is, is about: its member "request" where it has one,
// else its URL.
func (line *jsonLine) requestOfRecord(text []byte) (jsonRequest, error) {
	fields := jsonRequest{URL: line.URL}
	if line.Request != nil {
		fields = *line.Request
	}
	switch {
	case fields.URL == "":
		fields.URL = line.URL
	case line.URL != "" && line.URL != fields.URL:
		return fields, fmt.Errorf("the %s record has another url than its request", line.Type)
	}
	if err := line.whyNotAgain(text); err != nil {
		return fields, err
	}
	if fields.URL == "" {
		return fields, fmt.Errorf("the %s record has no url to request again", line.Type)
	}
	return fields, nil
}

// scalarOrNil returns an id that a Record can have: raw, normalized, where it is a string, a number or a boolean, else
// nil.
func scalarOrNil(raw json.RawMessage) json.RawMessage {
	if raw = normalizeValue(raw); len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
		return nil
	}
	return raw
}

// normalizeValue returns raw on one line and in valid UTF-8; nil where it is absent, null or no JSON.
func normalizeValue(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var line bytes.Buffer
	if json.Compact(&line, raw) != nil {
		return nil
	}
	return bytes.ToValidUTF8(line.Bytes(), []byte("\uFFFD"))
}

// toRequest makes a Request without id and meta. With an error it has at least the URL.
func (q *jsonRequest) toRequest() (fetch.Request, error) {
	r := fetch.Request{
		URL: strings.TrimSpace(q.URL), Method: q.Method, SHA256: strings.ToLower(q.SHA256), Path: q.Path, Retry: q.Retry,
	}
	if r.URL == "" {
		return r, fetch.ErrNoURL
	}
	if q.Credentials != "" && q.Credentials != "omit" {
		return r, errors.New("credentials can only be omit")
	}
	if q.Private != "" && q.Private != "deny" {
		return r, errors.New("private can only be deny")
	}
	r.OmitCredentials, r.PublicOnly, r.PageParams = q.Credentials != "", q.Private != "", q.PageParams
	if err := q.setHeader(&r); err != nil {
		return r, err
	}
	if err := q.setSettings(&r); err != nil {
		return r, err
	}
	return r, q.setBody(&r)
}

// setHeader sets Header of r. Names are the same in any case of letters (RFC 9110 section 5.1).
func (q *jsonRequest) setHeader(r *fetch.Request) error {
	if len(q.Headers) == 0 || string(q.Headers) == "null" {
		return nil
	}
	if q.Headers[0] != '{' {
		return errors.New("headers can only be a JSON object")
	}
	for m := (members{rest: q.Headers}); m.next(); {
		name := string(memberName(m.name))
		values, err := parseHeaderValues(m.value)
		if err != nil {
			return fmt.Errorf("header %q: %w", redact.HeaderName(name), err)
		}
		if r.Header == nil {
			r.Header = make(http.Header)
		}
		canonical := http.CanonicalHeaderKey(name)
		if r.Header[canonical] != nil {
			return fmt.Errorf("header %q is given twice; one name may have an array of values",
				redact.HeaderName(canonical))
		}
		r.Header[canonical] = values
	}
	return nil
}

// parseHeaderValues parses the value of a header: a string, or an array of strings.
func parseHeaderValues(raw json.RawMessage) ([]string, error) {
	var one string
	if json.Unmarshal(raw, &one) == nil && string(raw) != "null" {
		return []string{one}, nil
	}
	var several []string
	if json.Unmarshal(raw, &several) == nil && several != nil {
		return several, nil
	}
	return nil, errors.New("the value is neither a string nor an array of strings")
}

// setBody sets Body and BodyForm of r: a string is the text itself, body_base64 is decoded, and any other JSON value is
// the text of that JSON. An empty string is an empty body; null is no body.
func (q *jsonRequest) setBody(r *fetch.Request) error {
	raw := normalizeValue(q.Body)
	if q.BodyBase64 != nil {
		if raw != nil {
			return errors.New("both body and body_base64 are given")
		}
		body, err := base64.StdEncoding.DecodeString(*q.BodyBase64)
		if err != nil {
			return fmt.Errorf("body_base64: %w", err)
		}
		r.Body, r.BodyForm = append([]byte{}, body...), fetch.BodyBase64
		return nil
	}
	var text string
	switch {
	case raw == nil:
	case json.Unmarshal(raw, &text) == nil:
		r.Body = []byte(text)
	default:
		r.Body, r.BodyForm = raw, fetch.BodyJSON
	}
	return nil
}

// describeJSONError replaces an error of encoding/json by one that names members of the line, not Go types.
func describeJSONError(err error) error {
	var kind *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &kind):
		return fmt.Errorf("%s cannot be a JSON %s", strings.Replace(kind.Field, "jsonRequest.", "", 1), kind.Value)
	case errors.As(err, &syntax):
		return fmt.Errorf("not valid JSON at byte %d: %w", syntax.Offset, syntax)
	}
	return fmt.Errorf("not valid JSON: %w", err)
}
