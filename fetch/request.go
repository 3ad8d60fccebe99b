package fetch

import (
	"encoding/json"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
)

// A Request is what was asked: one input line. It is immutable once a Source has yielded it.
type Request struct {
	// Index is the 0-based position among the requests of the whole input.
	Index int64
	// URL is the text given, untouched.
	URL string
	// Method is empty for the default: Options.Method, else POST where there is a body, else GET.
	Method string
	// Header holds what the input line adds to, or puts in place of, Options.Header.
	Header http.Header
	// Body is what to send; nil is none, or Options.Body.
	Body []byte
	// BodyForm says how the input wrote the body, so that a Record can write it the same way.
	BodyForm BodyForm
	// ID and Meta come back in the Record as they are. ID is a JSON scalar, Meta any JSON value.
	ID, Meta json.RawMessage
	// SHA256 is the expected hash of the decoded body, lower-case hex; empty is not checked.
	SHA256 string
	// Path is the name wanted for a saved body.
	Path string
	// Retry overrides Options for this request: true retries whatever the method, false never; nil goes by the method.
	Retry *bool
	// File and Line say where the request stood; Line is 1-based, 0 is unknown.
	File string
	Line int64
	// Tag is what Skip noted to know it again: it comes back in the Record.
	Tag Tag

	url     *url.URL // what urlText means, so that it is parsed once; nil where it has not been, or can't be
	urlText string   // may be another text than URL where a Source has changed that since
}

// parse makes url of URL.
func (r *Request) parse() (err error) {
	r.url, err = ParseURL(r.URL)
	r.urlText = r.URL
	return err
}

// parsed returns the URL as it will be asked. It is shared and never written to.
func (r *Request) parsed() (*url.URL, error) {
	if r.url != nil && r.urlText == r.URL {
		return r.url, nil
	}
	return ParseURL(r.URL)
}

// A Tag is what a filter such as Skip wants to find again in a Record; Run does not look at it.
type Tag [16]byte

// BodyForm is the way in which an input line wrote a request body.
type BodyForm uint8

// The forms of a request body. BodyText is sent as curl -d does, BodyJSON as application/json.
const (
	BodyText BodyForm = iota
	BodyJSON
	BodyBase64
)

// MoreThanURL reports whether the request asked for more than a plain URL, id and meta aside.
func (r *Request) MoreThanURL() bool {
	return r.Method != "" || len(r.Header) > 0 || r.Body != nil || r.SHA256 != "" || r.Path != "" || r.Retry != nil
}

// Identity is a 128-bit fingerprint of what a Request asks.
type Identity [2]uint64

// An Identifier makes Identities that agree within one process. Its seeds are random,
// so no input can be made to collide on purpose.
type Identifier struct{ a, b maphash.Seed }

// NewIdentifier returns an Identifier with fresh seeds.
func NewIdentifier() Identifier {
	return Identifier{maphash.MakeSeed(), maphash.MakeSeed()}
}

// Of returns the Identity of r: its method, URL, headers, body and id.
func (i Identifier) Of(r *Request) Identity {
	text := r.AppendAsked(make([]byte, 0, 256))
	return Identity{maphash.Bytes(i.a, text), maphash.Bytes(i.b, text)}
}

// AppendAsked appends a text of what r asks that no different Request shares: each part ends with a byte that cannot stand in it.
func (r *Request) AppendAsked(text []byte) []byte {
	text = append(append(text, r.URL...), 0)
	text = append(append(text, r.Method...), 0)
	for _, name := range sortedNames(r.Header) {
		for _, value := range r.Header[name] {
			text = append(append(append(append(text, name...), ':'), value...), 0)
		}
	}
	if r.Body != nil {
		text = append(append(text, 1+byte(r.BodyForm)), r.Body...)
	}
	return append(append(text, 0), r.ID...)
}

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
