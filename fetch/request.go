package fetch

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"

	"batchfetch/fetch/dial"
	"batchfetch/fetch/httpurl"
	"batchfetch/fetch/redact"
)

// A Request is one line of the input: a URL, and how it is to be requested. It is immutable once a Source has yielded
// it. The zero value of a field is what the Options say.
type Request struct {
	// Index is the 0-based position among the requests of the whole input.
	Index int64
	// URL is the text of the input, unchanged.
	URL string
	// Method is the request method (RFC 9110 section 9; curl -X); empty is Options.Method, else POST where there is a
	// body, else GET. The usual ones may be in small letters, others are sent as they are (RFC 9110: case-sensitive).
	Method string
	// Header is sent beside Options.Header, under canonical names; its own wins where both have a name. A nil value
	// removes a header.
	Header http.Header
	// Body is the content of the request (curl --data-binary); nil is Options.Body.
	Body []byte
	// BodyForm is the form that the input has the body in, so that a Record can have it in the same. It chooses the
	// Content-Type where Header has none.
	BodyForm BodyForm
	// ID and Meta come back in the Record as they are. ID is a JSON scalar, Meta any JSON value; nil is none.
	ID, Meta json.RawMessage
	// SHA256 is the expected hash of the decoded body, lower-case hex; empty is not checked.
	SHA256 string
	// Path is the name for a saved body, relative to the directory of the BodyStore; empty leaves the choice to that.
	Path string
	// Retry overrides Options.RetryUnsafe: true allows retries whatever the method, false forbids them; nil goes by the
	// method.
	Retry *bool
	// Page is the 1-based number of the page that URL is, of those that follow each other (Options.Paginate). 0 is
	// unknown, and the first where pages are followed. A later one than the first gets no body from the Options.
	Page int64
	// PageParams are the names of parameters in the query of URL that are of the page before, and not of the first one.
	PageParams []string
	// OmitCredentials leaves out all headers of the Options, credentials and cookies among them, as a redirect to another
	// origin does (credentials mode "omit" of the Fetch standard): another host has chosen URL. Cookies of a Jar go by
	// their own rules.
	OmitCredentials bool
	// PublicOnly allows public addresses only where Options.Private is PrivateRedirects, as behind a redirect: a public
	// page has chosen URL.
	PublicOnly bool
	// Settings are those of this Request in place of the Options and of the settings of its host; nil is none.
	Settings *RequestSettings
	// Delivery is the id of the entry of a queue that the Request came by. Entry, which comes back in the Record, is that,
	// or of a Record that is made again the one which it had. Empty is none.
	Delivery, Entry string
	// File is the name of the input, and Line the 1-based number of the line in it; empty and 0 are unknown.
	File string
	Line int64
	// Tag is a mark that a filter such as input.Skip has set; it comes back in the Record.
	Tag Tag

	url     *url.URL // urlText parsed, so that it is parsed once; nil where it has not been, or can't be
	urlText string   // another text than URL where a Source has changed that since
	earlier PageSet  // the pages before this one, as far as they are known
	before  [32]byte // the SHA-256 of the body of the page before this one; 0 is unknown
}

// parse sets url and urlText by URL.
func (r *Request) parse() (err error) {
	r.url, err = httpurl.Parse(r.URL)
	r.urlText = r.URL
	return err
}

// ParsedURL returns the URL as it will be requested, but for dot segments (Options.PathAsIs). It is shared and must not
// be written to.
func (r *Request) ParsedURL() (*url.URL, error) {
	if r.url != nil && r.urlText == r.URL {
		return r.url, nil
	}
	return httpurl.Parse(r.URL)
}

// A Tag is a mark by which a filter such as input.Skip finds a Request again in its Record; Run does not read it. The
// zero Tag is none.
type Tag [16]byte

// BodyForm is the form that an input line has a request body in.
type BodyForm uint8

// The forms of a request body. Each has a Content-Type, for requests that name none.
const (
	BodyText   BodyForm = iota // a text, sent as application/x-www-form-urlencoded, as curl -d does
	BodyJSON                   // a JSON value, sent as application/json
	BodyBase64                 // bytes in base64 (RFC 4648 section 4), sent decoded, as application/octet-stream
)

// HasMoreThanURL reports whether the Request has more than a plain URL; ID and Meta do not count.
func (r *Request) HasMoreThanURL() bool {
	return r.Method != "" || len(r.Header) > 0 || r.Body != nil || r.SHA256 != "" || r.Path != "" ||
		r.Retry != nil || len(r.PageParams) > 0 || r.OmitCredentials || r.PublicOnly || r.Settings != nil
}

// Identity is a 128-bit hash of a Request.
type Identity [2]uint64

// An Identifier computes Identities, which can be compared within one process. Its seeds are random, so that no input
// can be made to collide on purpose. Any goroutine may use it.
type Identifier struct{ a, b maphash.Seed }

// NewIdentifier returns an Identifier with fresh seeds.
func NewIdentifier() Identifier {
	return Identifier{maphash.MakeSeed(), maphash.MakeSeed()}
}

// Of returns the Identity of r: its method, URL, headers, body and id, and the proxy that it has of its own.
func (i Identifier) Of(r *Request) Identity {
	text := r.AppendCanonical(make([]byte, 0, 256))
	return Identity{maphash.Bytes(i.a, text), maphash.Bytes(i.b, text)}
}

// AppendCanonical appends a text that two Requests share only where they have the same method, URL, headers, body, ID
// and proxy of their own (but for its password): each part ends with a byte that cannot be in it.
func (r *Request) AppendCanonical(text []byte) []byte {
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
	text = append(append(text, 0), r.ID...)
	if s := r.Settings; s != nil && s.Proxy != nil { // others may respond over it; what else is set changes no response
		text = append(append(text, "\x00proxy:"...), dial.ProxyName(*s.Proxy)...)
	}
	return text
}

// Prepare parses the URL of a Request and returns the Request with it, and with SHA256 in lower case. The error says
// why the Request can't be sent as it is.
func Prepare(r Request) (Request, error) {
	wrongURL := r.parse()
	r.SHA256 = strings.ToLower(r.SHA256)
	if r.SHA256 != "" {
		if raw, err := hex.DecodeString(r.SHA256); err != nil || len(raw) != 32 {
			return r, errors.New("sha256 is not 64 hexadecimal digits")
		}
	}
	if err := r.check(); err != nil {
		return r, err
	}
	if strings.Contains(r.URL, "//"+redact.Placeholder+"@") {
		return r, fmt.Errorf("the URL's user and password are masked as %s; give them by flag, netrc or environment",
			redact.Placeholder)
	}
	return r, wrongURL
}

// check returns why the method or a header can't be sent, or what is wrong with the settings; nil is nothing.
func (r *Request) check() error {
	if !validMethod(r.Method) {
		return errors.New("the method is not an HTTP method that can be sent")
	}
	for name, values := range r.Header {
		if err := CheckHeader(name, values...); err != nil {
			return err
		}
		for _, value := range values {
			if strings.TrimSpace(value) == redact.Placeholder {
				return fmt.Errorf("header %s is masked as %s; give the secret by flag, netrc or environment",
					name, redact.Placeholder)
			}
		}
	}
	return r.Settings.check()
}

// validMethod reports whether a method can be used: the empty one, which is the default, or any token (RFC 9110 section
// 9.1) but CONNECT, which opens a tunnel, and PRI, with which a connection in HTTP/2 begins (RFC 9113 section 11.6).
// Servers that take methods in any case of letters exist, so those two are none in any.
func validMethod(method string) bool {
	return method == "" || httpguts.ValidHeaderFieldName(method) &&
		!strings.EqualFold(method, http.MethodConnect) && !strings.EqualFold(method, "PRI")
}

// CheckHeader returns why a header can't be sent with these values; nil is that it can. Name and values have to be
// valid (RFC 9110 section 5), so without a line break, and headers that frame the message (RFC 9112 section 6) or are
// about the connection are set by the transport alone. There is one Host (RFC 9112 section 3.2).
func CheckHeader(name string, values ...string) error {
	if !httpguts.ValidHeaderFieldName(name) {
		return fmt.Errorf("the header name that starts with %q holds what a name can't", redact.HeaderName(name))
	}
	canonical := http.CanonicalHeaderKey(name)
	if canonical == "Host" && len(values) > 1 {
		return errors.New("header Host is given twice; a request has one")
	}
	for _, value := range values {
		if err := checkHeaderValue(canonical, value); err != nil {
			return err
		}
	}
	return nil
}

// checkHeaderValue is CheckHeader for one value.
func checkHeaderValue(name, value string) error {
	if !httpguts.ValidHeaderFieldValue(value) {
		return fmt.Errorf("the value of header %s holds a control character", name)
	}
	switch name {
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
