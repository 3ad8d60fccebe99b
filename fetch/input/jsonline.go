package input

import "encoding/json"

// jsonLine is an input line in JSON: a request, or a Record whose request is made again.
type jsonLine struct {
	Type string `json:"type"`
	jsonRequest
	ID      json.RawMessage `json:"id"`
	Meta    json.RawMessage `json:"meta"`
	Page    *int64          `json:"page"`
	Request *jsonRequest    `json:"request"`
}

// jsonRequest are the members of a request, in an input line or in the member "request" of a Record.
type jsonRequest struct {
	URL        string          `json:"url"`
	Method     string          `json:"method"`
	Headers    json.RawMessage `json:"headers"`
	Body       json.RawMessage `json:"body"`
	BodyBase64 *string         `json:"body_base64"`
	SHA256     string          `json:"sha256"`
	Path       string          `json:"path"`
	Retry      *bool           `json:"retry"`

	Credentials string `json:"credentials"`
	Private     string `json:"private"`

	PageParams []string `json:"page_params"`

	Timeout      json.RawMessage `json:"timeout"`
	AcceptStatus json.RawMessage `json:"accept_status"`
	MaxBody      json.RawMessage `json:"max_body"`
	Proxy        *string         `json:"proxy"`
}
