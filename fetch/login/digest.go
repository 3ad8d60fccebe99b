package login

import (
	"crypto/md5" //nolint:gosec // what many servers have alone (RFC 7616 section 3.3)
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"hash"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// Credentials are a user and password.
type Credentials struct{ User, Password string }

// A Request is what a digest is made of.
type Request struct {
	Method string
	// Target is the path and query as they are sent.
	Target string
	Body   []byte
}

// A digestChallenge is a challenge of the scheme Digest (RFC 7616 section 3.3) that can be answered.
type digestChallenge struct {
	realm, nonce string
	opaque       string
	hasOpaque    bool
	algorithm    *algorithm
	named        bool   // the server names the algorithm
	qop          string // auth, auth-int, or "" as in RFC 2069
	domain       []string
	stale        bool
	userhash     bool
	utf8         bool // charset=UTF-8
}

// An algorithm is one of RFC 7616 section 3.3; those of a higher rank are preferred.
type algorithm struct {
	name    string
	session bool // -sess
	rank    int
	hash    func() hash.Hash
}

// algorithms are all that are known, by their names in lower case.
var algorithms = func() map[string]*algorithm {
	all := make(map[string]*algorithm)
	for i, each := range []struct {
		name string
		hash func() hash.Hash
	}{{"MD5", md5.New}, {"SHA-256", sha256.New}, {"SHA-512-256", sha512.New512_256}} {
		all[strings.ToLower(each.name)] = &algorithm{each.name, false, i, each.hash}
		all[strings.ToLower(each.name)+"-sess"] = &algorithm{each.name + "-sess", true, i, each.hash}
	}
	return all
}()

// sum returns the hash of the parts, joined by colons, in hex.
func (a *algorithm) sum(parts ...string) string {
	h := a.hash()
	for i, part := range parts {
		if i > 0 {
			h.Write([]byte{':'})
		}
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}

// maxText bounds the texts of a challenge, in bytes: they are sent back with each request.
const maxText = 4 << 10

// strongest returns the Digest challenge with the strongest algorithm, of equal ones the first; nil is that there is
// none that can be answered.
func strongest(header http.Header) *digestChallenge {
	var best *digestChallenge
	for _, c := range parseChallenges(header["Www-Authenticate"]) {
		if d := c.digest(); d != nil && (best == nil || d.algorithm.rank > best.algorithm.rank) {
			best = d
		}
	}
	return best
}

// digest returns a challenge as one of Digest; nil where it is of another scheme, or can't be answered: it lacks a
// realm or a nonce, or has another algorithm or quality of protection.
func (c *challenge) digest() *digestChallenge {
	if c.scheme != "digest" {
		return nil
	}
	d := &digestChallenge{nonce: c.params["nonce"], algorithm: algorithms["md5"],
		stale: strings.EqualFold(c.params["stale"], "true"), userhash: strings.EqualFold(c.params["userhash"], "true"),
		utf8: strings.EqualFold(c.params["charset"], "utf-8"), domain: strings.Fields(c.params["domain"])}
	var hasRealm bool
	d.realm, hasRealm = c.params["realm"]
	d.opaque, d.hasOpaque = c.params["opaque"]
	if name, named := c.params["algorithm"]; named {
		d.named, d.algorithm = true, algorithms[strings.ToLower(name)]
	}
	offered, hasQOP := c.params["qop"]
	if d.qop = chooseQOP(offered); hasQOP && d.qop == "" && strings.TrimSpace(offered) != "" {
		return nil
	}
	if !hasRealm || d.nonce == "" || d.algorithm == nil {
		return nil
	}
	for _, text := range []string{d.realm, d.nonce, d.opaque} {
		if len(text) > maxText || !httpguts.ValidHeaderFieldValue(text) {
			return nil
		}
	}
	return d
}

// chooseQOP returns auth of the qualities of protection that a server offers, else auth-int, else "".
func chooseQOP(offered string) string {
	chosen := ""
	for word := range strings.SplitSeq(offered, ",") {
		switch strings.ToLower(strings.TrimSpace(word)) {
		case "auth":
			return "auth"
		case "auth-int":
			chosen = "auth-int"
		}
	}
	return chosen
}

// authorization returns the Authorization header for a request (RFC 7616 section 3.4), the count-th with this nonce,
// from 1. The cnonce is the same for all with this nonce, so that those of -sess have one session key, whether a server
// keeps it or computes it again.
func (d *digestChallenge) authorization(who Credentials, r Request, cnonce string, count uint32) string {
	sum := d.algorithm.sum
	secret := sum(who.User, d.realm, who.Password)
	if d.algorithm.session {
		secret = sum(secret, d.nonce, cnonce)
	}
	what := sum(r.Method, r.Target)
	if d.qop == "auth-int" {
		what = sum(r.Method, r.Target, sum(string(r.Body)))
	}
	nc := fmt.Sprintf("%08x", count)
	response := sum(secret, d.nonce, what)
	if d.qop != "" {
		response = sum(secret, d.nonce, nc, cnonce, d.qop, what)
	}
	var b strings.Builder
	b.WriteString("Digest " + d.username(who.User))
	b.WriteString(", realm=" + quote(d.realm) + ", nonce=" + quote(d.nonce) + ", uri=" + quote(r.Target))
	if d.qop != "" {
		b.WriteString(`, cnonce="` + cnonce + `", nc=` + nc + ", qop=" + d.qop)
	} else if d.algorithm.session {
		b.WriteString(`, cnonce="` + cnonce + `"`)
	}
	b.WriteString(`, response="` + response + `"`)
	if d.hasOpaque {
		b.WriteString(", opaque=" + quote(d.opaque))
	}
	if d.named {
		b.WriteString(", algorithm=" + d.algorithm.name)
	}
	if d.userhash {
		b.WriteString(", userhash=true")
	}
	return b.String()
}

// username returns the parameter that names the user: hashed where the server wants that (RFC 7616 section 3.4.4), in
// the encoding of RFC 8187 where it is not ASCII and the server reads UTF-8, else as it is.
func (d *digestChallenge) username(user string) string {
	if d.userhash {
		return `username="` + d.algorithm.sum(user, d.realm) + `"`
	}
	if d.utf8 && strings.ContainsFunc(user, func(r rune) bool { return r >= 0x80 }) {
		return "username*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(user), "+", "%20")
	}
	return "username=" + quote(user)
}

// quote returns a quoted string (RFC 9110 section 5.6.4).
func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
}
