package fetch

import (
	"crypto/md5" //nolint:gosec // that of the servers that are meant
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// A digestServer lets in only requests with a Digest of user me and password s3cret, by MD5.
type digestServer struct {
	lifetime int  // requests for which a nonce is good; 0 is all
	ordered  bool // the count of a nonce has to grow by one
	says     bool // that a nonce which is not good any more is stale
	qop      string
	page     http.HandlerFunc // for those let in; nil repeats the path and the body

	mu       sync.Mutex
	nonces   int
	uses     map[string]int // of each nonce
	requests []string       // status, method, path and whether there was an Authorization
}

func md5Hex(text string) string { return fmt.Sprintf("%x", md5.Sum([]byte(text))) } //nolint:gosec // see there

// ServeHTTP is the server.
func (s *digestServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	good, stale := s.check(r, string(body))
	status := http.StatusOK
	if !good {
		status = http.StatusUnauthorized
	}
	s.mu.Lock()
	s.requests = append(s.requests, fmt.Sprintf("%d %s %s %t", status, r.Method, r.URL.Path,
		r.Header.Get("Authorization") != ""))
	s.nonces++
	challenge := fmt.Sprintf(`Digest realm="r", nonce="n%d", opaque="o", qop="%s"`, s.nonces, s.qop)
	s.mu.Unlock()
	switch {
	case !good && stale && s.says:
		challenge += ", stale=true"
		fallthrough
	case !good:
		w.Header().Set("WWW-Authenticate", challenge)
		w.Header().Set("Retry-After", "3600") // is not about the challenge
		http.Error(w, "who is there?", http.StatusUnauthorized)
	case s.page != nil:
		s.page(w, r)
	default:
		_, _ = fmt.Fprint(w, r.URL.Path, string(body))
	}
}

// check reports whether a request is let in, and whether a nonce that is not good any more is why not.
func (s *digestServer) check(r *http.Request, body string) (good, stale bool) {
	params := map[string]string{}
	for pair := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ", ") {
		name, value, _ := strings.Cut(pair, "=")
		params[name] = strings.Trim(value, `"`)
	}
	what := md5Hex(r.Method + ":" + r.RequestURI)
	if params["qop"] == "auth-int" {
		what = md5Hex(r.Method + ":" + r.RequestURI + ":" + md5Hex(body))
	}
	want := md5Hex(strings.Join([]string{md5Hex("me:r:s3cret"), params["nonce"], params["nc"], params["cnonce"],
		params["qop"], what}, ":"))
	if params["username"] != "me" || params["uri"] != r.RequestURI || params["response"] != want {
		return false, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.uses == nil {
		s.uses = make(map[string]int)
	}
	s.uses[params["nonce"]]++
	used := s.uses[params["nonce"]]
	isOver := s.lifetime > 0 && used > s.lifetime || s.ordered && params["nc"] != fmt.Sprintf("%08x", used)
	return !isOver, isOver
}

// count returns how many requests began with a text.
func (s *digestServer) count(start string) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, each := range s.requests {
		if strings.HasPrefix(each, start) {
			n++
		}
	}
	return n
}
