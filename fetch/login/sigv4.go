package login

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// A Scope is the region and the service that requests are signed for (curl --aws-sigv4). An empty field is read from
// the name of the host.
type Scope struct{ Region, Service string }

// ParseScope parses aws:amz[:REGION[:SERVICE]], as curl takes it.
func ParseScope(text string) (Scope, error) {
	words := strings.Split(text, ":")
	if words[0] != "aws" || len(words) > 1 && words[1] != "amz" || len(words) > 4 {
		return Scope{}, errors.New("is not aws:amz[:REGION[:SERVICE]], the one provider that is known")
	}
	words = append(words, "", "", "")
	s := Scope{Region: words[2], Service: words[3]}
	if strings.ContainsAny(s.Region+s.Service, "/ \t\r\n") {
		return Scope{}, errors.New("has a region or service with a slash or space in it")
	}
	return s, nil
}

// of returns the scope with what the name of a host says in place of an empty field: SERVICE.REGION.amazonaws.com with
// any labels in front, or of another domain SERVICE.REGION at the start, as curl reads it.
func (s Scope) of(host string) (Scope, error) {
	if s.Region != "" && s.Service != "" {
		return s, nil
	}
	name := strings.ToLower(host)
	var labels []string
	amazon, is := strings.CutSuffix(strings.TrimSuffix(name, ".cn"), ".amazonaws.com")
	if labels = strings.Split(name, "."); is {
		labels = strings.Split(amazon, ".")
		if last := labels[len(labels)-1]; last == "s3" || len(labels) == 1 { // the endpoint without a region
			labels = append(labels, "us-east-1")
		}
		labels = labels[len(labels)-2:]
	}
	if s.Service == "" {
		s.Service = labels[0]
	}
	if s.Region == "" && len(labels) > 1 && (is || len(labels) > 2) {
		s.Region = labels[1]
	}
	if s.Region == "" || s.Service == "" || strings.Trim(name, "0123456789.:") == "" {
		return s, fmt.Errorf("the name %s tells no region and service to sign for: write aws:amz:REGION:SERVICE", host)
	}
	return s, nil
}

// Keys are an access key of AWS and its secret; Token is that of temporary ones, or empty.
type Keys struct{ ID, Secret, Token string }

// KeysFrom returns the keys in the variables of AWS, by lookup ("" is not set); zero is that there are none.
func KeysFrom(lookup func(name string) string) Keys {
	k := Keys{lookup("AWS_ACCESS_KEY_ID"), lookup("AWS_SECRET_ACCESS_KEY"), lookup("AWS_SESSION_TOKEN")}
	if k.ID == "" || k.Secret == "" {
		return Keys{}
	}
	return k
}

// A Signer signs requests by Signature Version 4 of AWS, each for the time by which the clock of its server goes. Any
// goroutine may use it.
type Signer struct {
	signer *v4.Signer

	mu    sync.Mutex
	ahead map[string]time.Duration // by origin: how far the clock of a server is ahead of ours; at most maxOrigins
}

// NewSigner returns a Signer. It signs by our clock first.
func NewSigner() *Signer {
	return &Signer{signer: v4.NewSigner(), ahead: make(map[string]time.Duration)}
}

// An Unsigned is a request that is to be signed. It is not written to.
type Unsigned struct {
	Method string
	URL    *url.URL // as it is sent
	Host   string   // the Host header
	Origin string   // of the server, by whose clock it is signed
	Header http.Header
	Body   []byte
}

// Sign returns the headers that a request is to have beside its own to be signed: Authorization, X-Amz-Date and, as the
// case may be, X-Amz-Security-Token and X-Amz-Content-Sha256. Of its own those are signed that are about the service or
// the body. X-Amz-Content-Sha256 among them is taken for the hash of the body, UNSIGNED-PAYLOAD too.
func (s *Signer) Sign(k Keys, in Scope, r *Unsigned, now time.Time) (http.Header, error) {
	u := r.URL
	in, err := in.of(u.Hostname())
	if err != nil {
		return nil, err
	}
	signed := http.Header{}
	for name, values := range r.Header {
		if name == "Content-Type" || name == "Content-Md5" || strings.HasPrefix(name, "X-Amz-") && len(values) > 0 {
			signed[name] = values
		}
	}
	sum := sha256.Sum256(r.Body)
	payload := hex.EncodeToString(sum[:])
	if given := r.Header.Get("X-Amz-Content-Sha256"); given != "" {
		payload = given
	} else if isS3(in.Service) {
		signed["X-Amz-Content-Sha256"] = []string{payload}
	}
	delete(signed, "X-Amz-Date")
	if k.Token != "" {
		delete(signed, "X-Amz-Security-Token")
	}
	asked := &http.Request{Method: r.Method, Host: r.Host, Header: signed, ContentLength: int64(len(r.Body)),
		URL: &url.URL{Host: u.Host, Opaque: "//" + u.Host + canonicalPath(u, isS3(in.Service)),
			RawQuery: strings.ReplaceAll(u.RawQuery, ";", "%3B")}}
	who := aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token}
	now = now.Add(s.aheadOf(r.Origin))
	err = s.signer.SignHTTP(context.Background(), who, asked, payload, in.Service, in.Region, now,
		func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	if err != nil {
		return nil, err
	}
	added := http.Header{}
	for name, values := range signed {
		if _, there := r.Header[name]; !there || name == "X-Amz-Date" || name == "X-Amz-Security-Token" {
			added[name] = values
		}
	}
	return added, nil
}

// isS3 reports whether a service takes the path of a request as it is, and wants X-Amz-Content-Sha256.
func isS3(service string) bool {
	return service == "s3" || strings.HasPrefix(service, "s3-") || service == "s3express"
}

// canonicalPath returns the path of a URL as it is signed: for S3 its bytes percent-encoded, but for the unreserved
// ones and slashes, for other services the path as it is sent encoded once more.
func canonicalPath(u *url.URL, s3 bool) string {
	sent := u.EscapedPath()
	if sent == "" {
		return "/"
	}
	if s3 {
		sent, _ = url.PathUnescape(sent) // it has been escaped
	}
	return encodePath(sent)
}

// encodePath percent-encodes all of a path but unreserved characters (RFC 3986 section 2.3) and slashes.
func encodePath(path string) string {
	const digits = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range []byte(path) {
		switch {
		case c == '/', c == '-', c == '.', c == '_', c == '~', '0' <= c && c <= '9', 'a' <= c && c <= 'z',
			'A' <= c && c <= 'Z':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(digits[c>>4])
			b.WriteByte(digits[c&15])
		}
	}
	return b.String()
}

// leastSkew is by how much a clock has to be off for a refusal to be because of that: services allow 5 to 15 minutes.
const leastSkew = 4 * time.Minute

// Refused takes note of the clock of a server that refused a request signed at a time of ours, by its Date, and reports
// whether a new signature by that clock may be accepted. The Date of an answer out of a cache, which has an Age, tells
// no time.
func (s *Signer) Refused(origin string, status int, header http.Header, signedAt time.Time) bool {
	if status != http.StatusForbidden && status != http.StatusBadRequest && status != http.StatusUnauthorized {
		return false
	}
	date, err := http.ParseTime(header.Get("Date"))
	if err != nil || header["Age"] != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ahead := date.Sub(signedAt)
	if (ahead - s.ahead[origin]).Abs() < leastSkew {
		return false
	}
	if len(s.ahead) >= maxOrigins {
		clear(s.ahead)
	}
	s.ahead[origin] = ahead
	return true
}

// aheadOf returns how far the clock of a server is ahead of ours, as far as it is known.
func (s *Signer) aheadOf(origin string) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ahead[origin]
}
