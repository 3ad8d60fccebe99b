package fetch

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// parseRequest reads one line: JSON where it starts with a brace, a URL otherwise. cut says that the line went on.
// With an error the Request still holds what could be read of URL, ID and Meta.
func parseRequest(text []byte, cut bool) (Request, error) {
	if text[0] == '{' {
		if cut || len(text) > maxJSON {
			return Request{}, errors.New("the line is longer than 4 MiB, the most for JSON")
		}
		return parseJSON(text)
	}
	if cut || len(text) > maxLine {
		return Request{}, errors.New("the line is longer than 1 MiB, the most for a URL; a JSON line may have 4 MiB")
	}
	return finish(Request{URL: string(text)})
}

// errNothingAsked is a line of our own output that answers nothing: it is no Request and has no index.
var errNothingAsked = errors.New("nothing asked")

// jsonLine is an input line as JSON: a request, or a Record whose request is asked again.
type jsonLine struct {
	Type string `json:"type"`
	jsonRequest
	ID      json.RawMessage `json:"id"`
	Meta    json.RawMessage `json:"meta"`
	Request *jsonRequest    `json:"request"`
	Input   string          `json:"input"`
}

type jsonRequest struct {
	URL        string                     `json:"url"`
	Method     string                     `json:"method"`
	Headers    map[string]json.RawMessage `json:"headers"`
	Body       json.RawMessage            `json:"body"`
	BodyBase64 *string                    `json:"body_base64"`
	SHA256     string                     `json:"sha256"`
	Path       string                     `json:"path"`
	Retry      *bool                      `json:"retry"`
}

func parseJSON(text []byte) (Request, error) {
	var line jsonLine
	if err := json.Unmarshal(text, &line); err != nil { // a member of the wrong type leaves the others readable
		r := Request{URL: line.URL, ID: scalar(line.ID), Meta: given(line.Meta)}
		_ = r.parse() // the first error is the one to tell
		return r, describeJSON(err)
	}
	if NestsDeeper(text, DeepestJSON) {
		return Request{}, fmt.Errorf("the JSON nests deeper than %d levels", DeepestJSON)
	}
	asked := line.jsonRequest
	if asked.URL == "" && (line.Type == "summary" || line.Type == "log" || line.Type == "plan") {
		return Request{}, errNothingAsked
	}
	if line.Type == "failure" || line.Type == "success" {
		asked = jsonRequest{URL: line.URL} // the rest of a Record is the answer's
		if line.Request != nil {
			asked = *line.Request
			if asked.URL == "" {
				asked.URL = line.URL
			}
		}
		if asked.URL == "" {
			return Request{ID: given(line.ID), Meta: given(line.Meta)}, fmt.Errorf("the %s record has no url to ask again", line.Type)
		}
	}
	r, err := asked.request()
	r.ID, r.Meta = given(line.ID), given(line.Meta)
	if err != nil {
		return r, err
	}
	if r.ID != nil && scalar(r.ID) == nil {
		r.ID = nil
		return r, errors.New("id is neither a string nor a number")
	}
	return finish(r)
}

// scalar returns an id that can stand in a Record, or nil.
func scalar(raw json.RawMessage) json.RawMessage {
	if raw = given(raw); len(raw) > 0 && (raw[0] == '{' || raw[0] == '[') {
		return nil
	}
	return raw
}

// given tells JSON null, which is as good as absent, from a value. The value is put on one line and into UTF-8.
func given(raw json.RawMessage) json.RawMessage {
	if len(raw) == 0 || string(raw) == "null" {
		return nil
	}
	var line bytes.Buffer
	if json.Compact(&line, raw) != nil {
		return nil
	}
	return bytes.ToValidUTF8(line.Bytes(), []byte("\uFFFD"))
}

func (q *jsonRequest) request() (Request, error) {
	r := Request{URL: strings.TrimSpace(q.URL), Method: q.Method, SHA256: strings.ToLower(q.SHA256), Path: q.Path, Retry: q.Retry}
	if r.URL == "" {
		return r, errors.New("no url")
	}
	_ = r.parse() // finish tells what is wrong with it, unless something else is wrong before
	for name, raw := range q.Headers {
		values, err := headerValues(raw)
		if err != nil {
			return r, fmt.Errorf("header %q: %w", nameStart(name), err)
		}
		if r.Header == nil {
			r.Header = make(http.Header, len(q.Headers))
		}
		canonical := http.CanonicalHeaderKey(name)
		if r.Header[canonical] != nil {
			return r, fmt.Errorf("header %q is given twice; one name may have an array of values", nameStart(canonical))
		}
		r.Header[canonical] = values
	}
	return r, q.setBody(&r)
}

func headerValues(raw json.RawMessage) ([]string, error) {
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

func (q *jsonRequest) setBody(r *Request) error {
	raw := given(q.Body)
	if q.BodyBase64 != nil {
		if raw != nil {
			return errors.New("both body and body_base64 are given")
		}
		body, err := base64.StdEncoding.DecodeString(*q.BodyBase64)
		if err != nil {
			return fmt.Errorf("body_base64: %w", err)
		}
		r.Body, r.BodyForm = append([]byte{}, body...), BodyBase64
		return nil
	}
	var text string
	switch {
	case raw == nil:
	case json.Unmarshal(raw, &text) == nil:
		r.Body = []byte(text)
	default:
		r.Body, r.BodyForm = raw, BodyJSON
	}
	return nil
}

// describeJSON says what is wrong with a line without Go's names.
func describeJSON(err error) error {
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

// nameStart returns the start of a header name, up to the first character that no name can hold: behind it may stand a secret.
func nameStart(name string) string {
	for i := range len(name) {
		if !httpguts.IsTokenRune(rune(name[i])) {
			return clip(name[:i], 64)
		}
	}
	return clip(name, 64)
}

// DeepestJSON is how far a value from outside may nest where it stands in a Record:
// encoding/json and jq 1.7 read 10000 levels, the Record's own among them.
const DeepestJSON = 9990

// NestsDeeper reports whether the brackets of a JSON text nest deeper than that. Those in strings count too,
// which errs on the safe side.
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

// finish makes sure that a request can be sent as it stands.
func finish(r Request) (Request, error) {
	wrongURL := r.parse()
	r.SHA256 = strings.ToLower(r.SHA256)
	if r.SHA256 != "" {
		if raw, err := hex.DecodeString(r.SHA256); err != nil || len(raw) != 32 {
			return r, errors.New("sha256 is not 64 hexadecimal digits")
		}
	}
	if err := r.checkHead(); err != nil {
		return r, err
	}
	if strings.Contains(r.URL, "//"+Secret+"@") {
		return r, fmt.Errorf("the URL's user and password are masked as %s; give them by flag, netrc or environment", Secret)
	}
	return r, wrongURL
}

// checkHead says what of the method and the headers can't be sent.
func (r *Request) checkHead() error {
	if !validMethod(r.Method) {
		return errors.New("the method is no HTTP method that can be asked")
	}
	for name, values := range r.Header {
		for _, value := range values {
			if err := CheckHeader(name, value); err != nil {
				return err
			}
			if strings.TrimSpace(value) == Secret {
				return fmt.Errorf("header %s is masked as %s; give the secret by flag, netrc or environment", name, Secret)
			}
		}
	}
	return nil
}

// CheckHeader reports a header that can't be sent (RFC 9110 section 5), a line break in it above all,
// and those that say how a message is framed, which are ours to write.
func CheckHeader(name, value string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("the header name that starts with %q holds what a name can't", nameStart(name))
	}
	if !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("the value of header %s holds a control character", name)
	}
	switch http.CanonicalHeaderKey(name) {
	case "Host":
		if value == "" || !httpguts.ValidHostHeader(value) || strings.ContainsAny(value, " /@\\?#") {
			return errors.New("the value of header Host is no host")
		}
	case "Connection":
		if strings.EqualFold(value, "close") || strings.EqualFold(value, "keep-alive") {
			return nil
		}
		return errors.New("header Connection can only be close or keep-alive")
	case "Content-Length", "Transfer-Encoding", "Upgrade", "Trailer", "Te", "Expect", "Keep-Alive", "Proxy-Connection":
		return fmt.Errorf("header %s can't be set: it frames the message", name)
	}
	return nil
}
