package redact

import "bytes"

// IsSecretHeader reports whether the values of the named request header may not be in an output: what proves who asks,
// or is made with a secret. It goes by the words of the name, in any case and with hyphens or underscores between them:
// Authorization, Cookie, X-Api-Key, X-Auth-Token, X-Hub-Signature-256 and what is called like one of these.
func IsSecretHeader(name string) bool { return kindOfHeader(name) != ordinary }

// IsSecretResponseHeader is IsSecretHeader for a response, which may send back what it was asked with. The signature of
// a response is for whoever reads it.
func IsSecretResponseHeader(name string) bool { return kindOfHeader(name) == credential }

// headerKind is what the values of a header are, as far as its name says.
type headerKind uint8

const (
	ordinary headerKind = iota
	signature
	credential
)

// kindOfPlainWord returns the kind of a header in whose name a word stands anywhere.
func kindOfPlainWord(word []byte) headerKind {
	switch string(word) {
	case "authorization", "auth", "cookie", "cookie2", "token", "jwt", "bearer", "dpop", "assertion",
		"secret", "credential", "credentials", "password", "passwd", "pwd", "passphrase", "passcode", "otp", "totp",
		"csrf", "xsrf", "session":
		return credential
	case "signature", "sig", "sign", "hmac":
		return signature
	}
	if len(word) <= len("token") { // the shortest of the endings below
		return ordinary
	}
	for _, ending := range [...]string{"token", "secret", "password", "authorization", "sessionid", "sessid"} {
		if hasSuffix(word, ending) { // as in X-AccessToken or JSESSIONID
			return credential
		}
	}
	if hasSuffix(word, "signature") {
		return signature
	}
	return ordinary
}

// hasSuffix is bytes.HasSuffix with a string.
func hasSuffix(word []byte, ending string) bool {
	return len(word) >= len(ending) && string(word[len(word)-len(ending):]) == ending
}

// descriptions are the words at the end of a name that make it tell about a secret, and not have one.
var descriptions = wordSet("type types expire expires expiry expiration limit remaining count used usage reset age " +
	"ttl version url uri algorithm alg status scope scopes required method mode realm provider timestamp date time input")

// keys are the words before "key" that make it a name of something, and no secret.
var keys = wordSet("idempotency surrogate cache websocket public partition routing sort range row object primary " +
	"foreign dedup dedupe deduplication message record lookup shard group hash etag limit ratelimit trace request " +
	"correlation feature flag event job document item locale translation index s3")

// places are the words before "token" that make it a place in a list.
var places = wordSet("next continuation continue page paging pagination cursor sync skip delta resume")

// wordSet returns the set of the words in text.
func wordSet(text string) map[string]bool {
	set := make(map[string]bool)
	for _, word := range bytes.Fields([]byte(text)) {
		set[string(word)] = true
	}
	return set
}

// kindOfHeader returns the kind of a header by its name.
func kindOfHeader(name string) headerKind {
	switch name { // by far the most frequent ones, none of which is secret
	case "Content-Type", "Content-Length", "Date", "Server", "Etag", "Last-Modified", "Cache-Control", "Vary", "Age",
		"Accept", "Accept-Ranges", "Connection", "Expires", "Content-Encoding", "Location", "Via", "X-Cache",
		"Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options",
		"Access-Control-Allow-Origin", "Referrer-Policy", "Alt-Svc":
		return ordinary
	}
	var buffer [64]byte
	lower := append(buffer[:0], name...)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return kindOfWords(lower)
}

// kindOfWords returns the kind of a header by its name in lower case.
func kindOfWords(name []byte) headerKind {
	kind := ordinary
	var last, word []byte // word is the current one, last the one before it
	for len(name) > 0 {
		end := 0
		for end < len(name) && isWordByte(name[end]) {
			end++
		}
		if end > 0 {
			last, word = word, name[:end]
			if last == nil && string(word) == "accept" || string(last) == "access" && string(word) == "control" {
				return ordinary
			}
			kind = max(kind, kindOfWord(last, word, name[end:]))
		}
		name = name[min(end+1, len(name)):]
	}
	if kind != ordinary && descriptions[string(word)] {
		return ordinary
	}
	return kind
}

func isWordByte(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// isEnd reports whether no further word follows, but numbers.
func isEnd(rest []byte) bool {
	return !bytes.ContainsFunc(rest, func(c rune) bool { return 'a' <= c && c <= 'z' })
}

// kindOfWord returns the kind of a word, given the one before it and the rest of the name.
func kindOfWord(before, word, rest []byte) headerKind {
	if string(word) == "token" && places[string(before)] {
		return ordinary
	}
	if kind := kindOfPlainWord(word); kind != ordinary {
		return kind
	}
	if string(word) == "authentication" && isEnd(rest) {
		return credential
	}
	if hasSuffix(word, "key") {
		return kindOfKey(before, word[:len(word)-len("key")], rest)
	}
	return ordinary
}

// kindOfKey returns the kind of a word that ends with "key", given the word before it, its beginning and the rest of
// the name. A key for access is one too where more words follow, such as in APCA-API-KEY-ID.
func kindOfKey(before, of, rest []byte) headerKind {
	if len(of) == 0 {
		of = before
	} else if string(of) == "x" { // Varnish's xkey is a Surrogate-Key
		return ordinary
	}
	for _, access := range [...]string{"api", "access", "subscription", "secret"} {
		if hasSuffix(of, access) {
			return credential
		}
	}
	if isEnd(rest) && !keys[string(of)] {
		return credential
	}
	return ordinary
}
