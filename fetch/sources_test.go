package fetch

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"

	"batchfetch/fetch/redact"
)

// testLine is an input line in JSON with the members that these tests need. Package input has them all.
type testLine struct {
	URL        string            `json:"url"`
	Method     string            `json:"method"`
	Headers    map[string]string `json:"headers"`
	Body       json.RawMessage   `json:"body"`
	BodyBase64 *string           `json:"body_base64"`
	ID         json.RawMessage   `json:"id"`
	Meta       json.RawMessage   `json:"meta"`
	SHA256     string            `json:"sha256"`
	Path       string            `json:"path"`
	Retry      *bool             `json:"retry"`
	Proxy      *string
}

// linesOf is a Source of input lines: URLs or JSON.
func linesOf(lines ...string) Source {
	return func(yield func(Request, error) bool) {
		for i, line := range lines {
			r, err := requestOf(line)
			r.Index, r.Line = int64(i), int64(i)+1
			if err != nil {
				r.URL, err = "", &LineError{Input: redact.Line([]byte(line)), Err: err}
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// requestOf makes a Request of an input line.
func requestOf(text string) (Request, error) {
	if text == "" || text[0] != '{' {
		return Prepare(Request{URL: text})
	}
	var l testLine
	if err := json.Unmarshal([]byte(text), &l); err != nil {
		return Request{}, err
	}
	r := Request{URL: l.URL, Method: l.Method, SHA256: l.SHA256, Path: l.Path, Retry: l.Retry, ID: l.ID, Meta: l.Meta}
	if bytes.Equal(r.Meta, []byte("null")) {
		r.Meta = nil
	}
	for name, value := range l.Headers {
		if r.Header == nil {
			r.Header = make(http.Header)
		}
		r.Header.Set(name, value)
	}
	if l.Proxy != nil {
		r.Settings = &RequestSettings{Proxy: l.Proxy}
	}
	var body string
	switch {
	case l.BodyBase64 != nil:
		decoded, err := base64.StdEncoding.DecodeString(*l.BodyBase64)
		if err != nil {
			return r, err
		}
		r.Body, r.BodyForm = append([]byte{}, decoded...), BodyBase64
	case l.Body == nil:
	case json.Unmarshal(l.Body, &body) == nil:
		r.Body = []byte(body)
	default:
		r.Body, r.BodyForm = l.Body, BodyJSON
	}
	return Prepare(r)
}

// skipping yields ErrSkipped with the Request at index.
func skipping(index int64, source Source) Source {
	return func(yield func(Request, error) bool) {
		for r, err := range source {
			if r.Index == index {
				err = ErrSkipped
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// joined yields the Requests of one Source after the other.
func joined(sources ...Source) Source {
	return func(yield func(Request, error) bool) {
		for _, source := range sources {
			for r, err := range source {
				if !yield(r, err) {
					return
				}
			}
		}
	}
}

// thenError yields err after the last Request of source.
func thenError(source Source, err error) Source {
	return joined(source, func(yield func(Request, error) bool) { yield(Request{}, err) })
}

// urls yields n URLs on hosts in turn.
func urls(n int, hosts ...string) Source {
	return func(yield func(Request, error) bool) {
		for i := range n {
			r := Request{Index: int64(i), URL: fmt.Sprintf("%s/%d", hosts[i%len(hosts)], i), Line: int64(i) + 1}
			if !yield(r, nil) {
				return
			}
		}
	}
}

// sourceOf is a Source of Requests that no Reader has checked.
func sourceOf(requests ...Request) Source {
	return func(yield func(Request, error) bool) {
		for _, r := range requests {
			if !yield(r, nil) {
				return
			}
		}
	}
}
