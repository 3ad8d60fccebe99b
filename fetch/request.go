package fetch

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/redact"
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
	r.url, err = httpurl.Parse(r.URL)
	r.urlText = r.URL
	return err
}

// ParsedURL returns the URL as it will be asked. It is shared and never written to.
func (r *Request) ParsedURL() (*url.URL, error) {
	if r.url != nil && r.urlText == r.URL {
		return r.url, nil
	}
	return httpurl.Parse(r.URL)
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

// Prepare reads the URL of a request and makes sure that the request can be sent as it stands.
func Prepare(r Request) (Request, error) {
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
	if strings.Contains(r.URL, "//"+redact.Placeholder+"@") {
		return r, fmt.Errorf("the URL's user and password are masked as %s; give them by flag, netrc or environment", redact.Placeholder)
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
			if strings.TrimSpace(value) == redact.Placeholder {
				return fmt.Errorf("header %s is masked as %s; give the secret by flag, netrc or environment", name, redact.Placeholder)
			}
		}
	}
	return nil
}

// validMethod accepts the empty method, which is the default, and any token but CONNECT, which asks for a tunnel.
func validMethod(method string) bool {
	return method == "" || httpguts.ValidHeaderFieldName(method) && method != http.MethodConnect
}

// CheckHeader reports a header that can't be sent (RFC 9110 section 5), a line break in it above all,
// and those that say how a message is framed, which are ours to write.
func CheckHeader(name, value string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("the header name that starts with %q holds what a name can't", redact.HeaderName(name))
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
